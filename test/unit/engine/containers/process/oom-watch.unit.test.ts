import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { watchOomKills } from '../../../../../src/engine/containers/process/oom-watch.ts';

describe('kills for want of memory', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'wherry-oom-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (kills: number, others: number): void =>
    writeFileSync(
      join(directory, 'memory.events'),
      `low 0\nhigh 0\nmax ${others}\noom ${others}\noom_kill ${kills}\n`,
    );

  it('are told as they happen, and nothing else of what the file counts', async () => {
    write(1, 0);
    let told = 0;
    const first = Promise.withResolvers<void>();
    const end = watchOomKills(directory, () => {
      told += 1;
      first.resolve();
    });
    write(1, 7);
    write(2, 7);
    await first.promise;
    expect(told).to.equal(1);
    end();
  });

  it('are none where memory is not counted', () => {
    watchOomKills(directory, () => {
      throw new Error('there is nothing to tell');
    })();
  });
});
