import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { hasCode } from '../../sys/errno.ts';
import { widePipe } from '../../sys/pipe.ts';
import type { PipeWriter } from '../../sys/pipe.ts';
import { spawnProcess } from '../../sys/spawn.ts';
import { layoutOptions } from './block-size.ts';
import { mkfsFailed } from './mkfs-failure.ts';

/**
 * Runs mkfs.erofs (erofs-utils ≥ 1.8) on a tar that comes by its stdin. The filesystem's UUID comes from the diffID and
 * its build time is 0: the same layer gives the same bytes everywhere.
 *
 * @param feed writes the tar
 * @throws what `feed` throws; EngineError for what mkfs.erofs says, or for its death
 */
export async function runMkfs(
  mkfs: string,
  layer: { readonly output: string; readonly name: string; readonly diffId: string },
  feed: (stdin: PipeWriter) => Promise<void>,
): Promise<void> {
  const args = [
    '--tar=f',
    '--aufs',
    '--quiet',
    '--sort=none',
    ...layoutOptions(),
    '-T0',
    '--mkfs-time',
    `-U${uuidOf(layer.diffId)}`,
    layer.output,
  ];
  const { child, writer } = start(mkfs, args);
  let complaint = '';
  child.stderr?.on('data', (data: Buffer) => {
    if (complaint.length < 4096) complaint += data.toString('utf8');
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  // Marks the promise as handled; its rejection (the program can't be started) is seen where it is awaited.
  ended.catch(() => undefined);
  try {
    await feed(writer);
    await writer.close();
  } catch (error) {
    // Nobody reads any more: it is ending by itself, and how it ends is the reason.
    const itself = hasCode(error, 'EPIPE');
    // It never notices an input that ends early: it has to be ended, and waited for before its file can be removed.
    if (!itself) child.kill('SIGKILL');
    await writer.close();
    const [, killed] = await ended;
    if (!itself) throw error;
    throw mkfsFailed(layer.name, complaint, itself ? killed : null, error);
  }
  const [status, killed] = await ended;
  if (status !== 0 || complaint.includes('<E>')) throw mkfsFailed(layer.name, complaint, killed);
}

function start(mkfs: string, args: readonly string[]) {
  const { readFd, writer } = widePipe();
  try {
    return { child: spawnProcess(mkfs, args, { stdio: [readFd, 'ignore', 'pipe'] }), writer };
  } catch (error) {
    void writer.close();
    throw error;
  } finally {
    closeSync(readFd);
  }
}

/** An RFC 9562 version 8 UUID from a digest's first 16 bytes. */
function uuidOf(digest: string): string {
  const bytes = Buffer.from(digest.slice('sha256:'.length, 'sha256:'.length + 32), 'hex');
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
