import { constants, copyFile, open, rm, type FileHandle } from 'node:fs/promises';
import { systemErrorCode } from '../core/errors.ts';
import type { Exec } from './exec.ts';
import { markSparse } from './sparse-flag.ts';
import { writeAll } from './write-all.ts';

export interface CopyPorts {
  readonly exec: Exec;
  readonly platform: NodeJS.Platform;
}

/** What a filesystem that can't share blocks answers (ioctl_ficlone(2), clonefile(2), and libuv where it has no way). */
const NO_REFLINKS = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM']);
const PIECE = 2 ** 20;

/**
 * Copies a disk's file into a new one, owner-only and on the disk when it resolves; holes stay holes. Where the
 * filesystem can share blocks (APFS, Btrfs, XFS) it takes no time and no space. On failure nothing is left of it.
 */
export async function copySparse(
  from: string,
  to: string,
  ports: CopyPorts,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const shared = await share(from, to);
  // Whoever has this name already keeps it.
  if (!shared) await (await open(to, 'wx', 0o600)).close();
  try {
    if (!shared && !(await copyWithCp(from, to, ports, signal))) await copyPieces(from, to, ports, signal);
    signal?.throwIfAborted();
    const file = await open(to, 'r+');
    try {
      await file.chmod(0o600);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}

async function share(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (NO_REFLINKS.has(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}

/**
 * GNU cp finds the holes by SEEK_HOLE, which Node hasn't got: 20 GiB with 300 MB in them take 0.3 s; to read them all,
 * 40 s. Another cp, or a failure of this one, is no loss: what then copies tells why.
 */
async function copyWithCp(
  from: string,
  to: string,
  { exec, platform }: CopyPorts,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (platform !== 'linux') return false;
  try {
    const { exitCode } = await exec.run(['cp', '--sparse=always', '--', from, to], { signal });
    return exitCode === 0;
  } catch (error) {
    if (systemErrorCode(error) === 'EXEC_NOT_FOUND') return false;
    throw error;
  }
}

async function copyPieces(
  from: string,
  to: string,
  ports: CopyPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'r+');
    try {
      await target.truncate(0);
      await markSparse(to, ports);
      await copyBetween(source, target, signal);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyBetween(
  source: FileHandle,
  target: FileHandle,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { size } = await source.stat();
  const length = Math.min(PIECE, size);
  const piece = Buffer.allocUnsafe(length);
  const nothing = Buffer.alloc(length);
  for (let position = 0; position < size;) {
    signal?.throwIfAborted();
    const { bytesRead } = await source.read(piece, 0, length, position);
    if (bytesRead === 0) break;
    const read = piece.subarray(0, bytesRead);
    if (!read.equals(nothing.subarray(0, bytesRead))) await writeAll(target, read, position);
    position += bytesRead;
  }
  await target.truncate(size);
}
