import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Partials } from '../../../../src/engine/store/partials.ts';

const GiB = 1024 ** 3;

describe('broken downloads', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-partials-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const left = (name: string, size: number, days: number): void => {
    const path = join(directory, name);
    writeFileSync(path, '');
    truncateSync(path, size); // a hole: it takes no room
    const when = Date.now() / 1000 - days * 86_400;
    utimesSync(path, when, when);
  };

  it('that are old, or too many, are forgotten at a start', () => {
    left('newest', 5 * GiB, 1);
    left('another', 1, 2);
    left('old', 1, 8);
    void new Partials(directory);
    expect(readdirSync(directory)).to.deep.equal(['newest']);
    rmSync(join(directory, 'newest'));
    left('first', 3 * GiB, 1);
    left('second', 2 * GiB, 2);
    void new Partials(directory);
    expect(readdirSync(directory)).to.deep.equal(['first']);
  });

  it('of which nothing came leave nothing', () => {
    const partials = new Partials(directory);
    partials.take('ab', 10)?.release();
    expect(readdirSync(directory)).to.deep.equal([]);
    const taken = partials.take('cd', 10);
    expect(partials.take('cd', 10)).to.equal(undefined);
    writeFileSync(taken?.file ?? '', 'x');
    taken?.release();
    expect(partials.clear()).to.equal(1);
  });
});
