import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineId } from '../../../src/engine/identity.ts';

describe("the engine's id", () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-identity-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  it('is made once, with the directory that it lies in', () => {
    const dataDir = join(scratch, 'data');
    const id = engineId(dataDir);
    expect(id).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(engineId(dataDir)).to.equal(id);
    expect(readdirSync(dataDir)).to.deep.equal(['engine-id']);
  });

  it('is made anew where a power cut has left an empty file', () => {
    writeFileSync(join(scratch, 'engine-id'), '');
    const id = engineId(scratch);
    expect(id).not.to.equal('');
    expect(engineId(scratch)).to.equal(id);
  });
});
