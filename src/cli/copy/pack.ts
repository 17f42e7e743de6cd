import { lstat, open, readdir, readlink } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { sep } from 'node:path';
import type { TarEntryType } from '../../core/tar/member.ts';
import { END_MARK, memberBytes, paddingAfter } from '../../core/tar/writer.ts';
import { copyError } from './argument.ts';

const CHUNK = 256 * 1024;
const windows = process.platform === 'win32';

interface Packing {
  readonly rename: (name: string) => string;
  /** Files of several names: device and inode → the name in the archive. */
  readonly links: Map<string, string>;
}

/**
 * Packs a file or a directory of this computer into a tar archive, as it is read.
 *
 * @param path what to pack; a directory's members are named below `base`
 * @param rename gives each member its name; names have one character a byte
 */
export async function* packLocal(
  path: string,
  base: string,
  rename: (name: string) => string,
): AsyncGenerator<Buffer> {
  yield* pack(Buffer.from(path), Buffer.from(base).toString('latin1'), { rename, links: new Map() });
  yield Buffer.from(END_MARK);
}

async function* pack(path: Buffer, name: string, packing: Packing): AsyncGenerator<Buffer> {
  const stat = await lstat(path);
  if (stat.isSocket()) return; // Nothing without its process; tar leaves them out.
  const header = { ...headerOf(stat, packing.rename(name)), type: typeOf(stat, path) };
  if (stat.isFile()) {
    yield* packFile(path, stat, name, packing);
  } else if (stat.isSymbolicLink()) {
    const target = await readlink(path, { encoding: 'buffer' });
    yield memberBytes({ ...header, linkName: slashed(target.toString('latin1')) });
  } else {
    yield memberBytes(header);
  }
  if (!stat.isDirectory()) return;
  const children = await readdir(path, { encoding: 'buffer' });
  for (const child of children.sort((a, b) => a.compare(b))) {
    yield* pack(
      Buffer.concat([path, Buffer.from(sep), child]),
      `${name}/${child.toString('latin1')}`,
      packing,
    );
  }
}

async function* packFile(path: Buffer, seen: Stats, name: string, packing: Packing): AsyncGenerator<Buffer> {
  const inode = `${seen.dev}:${seen.ino}`;
  const first = seen.nlink > 1 ? packing.links.get(inode) : undefined;
  if (first !== undefined) {
    yield memberBytes({ ...headerOf(seen, packing.rename(name)), type: 'hardlink', linkName: first });
    return;
  }
  const file = await open(path, 'r');
  try {
    const stat = await file.stat();
    const header = { ...headerOf(stat, packing.rename(name)), size: stat.size };
    if (stat.nlink > 1) packing.links.set(inode, header.name);
    yield memberBytes(header);
    for (let left = stat.size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, left));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) throw copyError(`${path.toString()} became shorter while it was copied`);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    yield paddingAfter(stat.size);
  } finally {
    await file.close();
  }
}

function headerOf(stat: Stats, name: string) {
  return {
    type: 'file' as TarEntryType,
    name,
    linkName: '',
    // Windows has no permissions of this kind: docker's CLI makes everything executable there.
    mode: windows ? (stat.mode & 0o755) | 0o111 : stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    size: 0,
    mtime: Math.floor(stat.mtimeMs / 1000),
    devMajor: 0,
    devMinor: 0,
    xattrs: new Map<string, Buffer>(),
  };
}

function typeOf(stat: Stats, path: Buffer): TarEntryType {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isFile()) return 'file';
  throw copyError(`${path.toString()} is a device: it can't be copied into a container`);
}

const slashed = (target: string): string => (windows ? target.replaceAll('\\', '/') : target);
