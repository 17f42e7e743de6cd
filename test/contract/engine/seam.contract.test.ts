import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitForGo } from '../../../src/engine/seam.ts';

describe('the seam', () => {
  let directory: string;
  let said: number;
  let stdin: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-seam-'));
    const path = join(directory, 'go');
    execFileSync('mkfifo', [path]);
    // Both ways, as init has it: neither side's open waits for the other.
    said = openSync(path, 'r+');
    stdin = openSync(path, 'r');
  });

  afterEach(() => {
    closeSync(stdin);
    rmSync(directory, { recursive: true });
  });

  it('is passed at the line "go", whatever was said before it', () => {
    writeSync(said, `${'words '.repeat(50)}\ngone\ngo\n`);
    waitForGo(stdin);
    closeSync(said);
  });

  it('is not passed when stdin ends without that line', () => {
    writeSync(said, 'let it go\ngo');
    closeSync(said);
    expect(() => waitForGo(stdin)).to.throw('stdin ended before the line "go" came');
  });

  it('is not there without a FIFO', () => {
    closeSync(said);
    const file = openSync('/dev/null', 'r');
    waitForGo(file);
    closeSync(file);
  });
});
