import { expect } from 'chai';
import { appendFileSync, linkSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readLogs } from '../../../../../src/engine/containers/logs/read.ts';
import type { LogQuery } from '../../../../../src/engine/containers/logs/read.ts';

const MAX_FILES = 3;
const all: LogQuery = { follow: false, tail: undefined, since: undefined, until: undefined };

describe('a log in several files', () => {
  let directory: string;
  let file: string;
  let running: boolean;
  let exited: () => void;
  let next: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-log-'));
    file = join(directory, 'container.log');
    running = true;
    exited = () => undefined;
    next = 0;
    writeFileSync(file, '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const time = (at: number): string => new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString();
  const write = (count: number): void => {
    for (; count > 0; count -= 1) appendFileSync(file, `${time(next)} stdout F ${next++}\n`);
  };
  /** What engine and conmon do together. */
  const rotate = (half = false): void => {
    rmSync(`${file}.2`, { force: true });
    try {
      renameSync(`${file}.1`, `${file}.2`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    linkSync(file, `${file}.1`);
    if (half) return;
    writeFileSync(`${file}.tmp`, '');
    renameSync(`${file}.tmp`, file);
  };
  const lines = (query: Partial<LogQuery> = {}, signal = new AbortController().signal) =>
    readLogs(
      {
        file,
        maxFiles: MAX_FILES,
        running: () => running,
        onExit: (callback) => {
          exited = callback;
          return () => undefined;
        },
      },
      { ...all, ...query },
      signal,
    );
  const read = async (query: Partial<LogQuery> = {}): Promise<number[]> => {
    const seen: number[] = [];
    for await (const line of lines(query)) seen.push(Number(line.text.toString()));
    return seen;
  };

  it('is read oldest first, and what was thrown away is missing at the front only', async () => {
    write(3);
    rotate();
    write(3);
    rotate();
    write(2);
    expect(await read()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    rotate();
    write(1);
    expect(await read()).to.deep.equal([3, 4, 5, 6, 7, 8]);
  });

  it('has its tail wherever it lies', async () => {
    write(3);
    rotate();
    write(3);
    rotate();
    write(2);
    for (const count of [0, 1, 2, 3, 5, 6, 8, 100]) {
      expect(await read({ tail: count })).to.deep.equal(
        [0, 1, 2, 3, 4, 5, 6, 7].slice(8 - Math.min(count, 8)),
      );
    }
    expect(await read({ since: Date.parse(time(4)), until: Date.parse(time(6)) })).to.deep.equal([4, 5, 6]);
    expect(await read({ tail: 5, until: Date.parse(time(4)) })).to.deep.equal([3, 4]);
  });

  it('half-way through a rotation is not read twice', async () => {
    write(3);
    rotate(true);
    write(1);
    expect(await read()).to.deep.equal([0, 1, 2, 3]);
    expect(await read({ tail: 2 })).to.deep.equal([2, 3]);
  });

  it('is followed from file to file, by a reader that is slower than the rotations too', async () => {
    write(2);
    const seen: number[] = [];
    for await (const line of lines({ follow: true })) {
      seen.push(Number(line.text.toString()));
      if (seen.length === 1) {
        write(2);
        rotate();
        write(2);
      }
      if (seen.length === 4) {
        rotate();
        write(2);
      }
      if (seen.length === 8) {
        // Between this reader's file and the newest, one has come and gone.
        rotate();
        write(2);
        rotate();
        rotate();
        rotate();
        write(1);
        running = false;
        exited();
      }
    }
    expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 10]);
  });

  it('is followed no further than the end of the process, even if the next one runs already', async () => {
    write(1);
    const followed = read({ follow: true });
    await pause(20);
    write(1);
    exited(); // running stays true: started again at once
    expect(await followed).to.deep.equal([0, 1]);
  });

  it('ends for a client that has gone', async () => {
    write(1);
    const gone = new AbortController();
    const seen: string[] = [];
    setTimeout(() => gone.abort(), 20);
    for await (const line of lines({ follow: true }, gone.signal)) seen.push(line.text.toString());
    expect(seen).to.deep.equal(['0\n']);
  });
});
