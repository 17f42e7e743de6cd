import { expect } from 'chai';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock, lockHolder, withLock } from '../../../src/platform/lock.ts';

describe('lock', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'wherry-lock-')), 'lock');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));

  it('refuses a second holder and says who has it', async () => {
    const lock = await acquireLock(directory, { purpose: 'machine create default' });
    expect(await codeOf(acquireLock(directory, { purpose: 'x' }))).to.equal(
      `LOCKED: another wherry (pid ${process.pid}, "machine create default") is working on it`,
    );
    await lock.release();
    await (await acquireLock(directory, { purpose: 'x' })).release();
    const verbal = await acquireLock(directory, { purpose: 'machine stop x', verb: 'stop' });
    expect(await lockHolder(directory)).to.include({ purpose: 'machine stop x', verb: 'stop' });
    await verbal.release();
  });

  it('waits for a release and then goes on at once', async () => {
    const first = await acquireLock(directory, { purpose: 'first' });
    const second = acquireLock(directory, { purpose: 'second', waitMs: 50_000 });
    await first.release();
    await (await second).release();
  });

  it('heals after its holder was killed, its pid given to another program or its record torn', async () => {
    await (await acquireLock(directory, { purpose: 'old' })).release();
    const recycled = { holder: { pid: process.pid, startedAt: 'earlier-boot/1' }, purpose: 'old' };
    await writeFile(join(directory, '2'), JSON.stringify(recycled));
    await (await acquireLock(directory, { purpose: 'new' })).release();
    await writeFile(join(directory, '4'), '');
    await (await acquireLock(directory, { purpose: 'new' })).release();
  });

  it('lets exactly one of many in at a time, also when all of them find it stale', async () => {
    await (await acquireLock(directory, { purpose: 'old' })).release();
    const stale = { holder: { pid: process.pid, startedAt: 'earlier-boot/1' }, purpose: 'old' };
    await writeFile(join(directory, '2'), JSON.stringify(stale));
    let inside = 0;
    let most = 0;
    const enter = (): Promise<void> =>
      withLock(directory, { purpose: 'many', waitMs: 50_000 }, async () => {
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
      });
    await Promise.all(Array.from({ length: 12 }, enter));
    expect(most).to.equal(1);
    expect((await readdir(directory)).length).to.be.at.most(2);
  });

  it('gives up waiting when told to', async () => {
    const lock = await acquireLock(directory, { purpose: 'first' });
    const abort = new AbortController();
    const waiting = acquireLock(directory, { purpose: 'x', waitMs: 60_000, signal: abort.signal });
    setImmediate(() => abort.abort(new Error('stopped by the user')));
    expect(await codeOf(waiting)).to.contain('stopped by the user');
    await lock.release();
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was thrown',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );
}
