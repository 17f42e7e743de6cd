import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { TarEntryType } from '../../../core/tar/member.ts';
import { memberBytes, paddingAfter } from '../../../core/tar/writer.ts';
import { hasCode } from '../../sys/errno.ts';
import { deviceMajor, deviceMinor } from '../../sys/files.ts';
import { readAttributes } from '../../sys/open-file-attributes.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const CHUNK = 256 * 1024;

/** What an archive has of files with several names: device and inode → the name it has in the archive. */
export type Links = Map<string, string>;

/** Names in archives are bytes, one character each; `Buffer` is what the filesystem gives. */
const latin1 = (name: Buffer): string => name.toString('latin1');

/**
 * The members of an archive of one name in an open directory, and of everything below it, without the end mark. Every
 * step goes by the open fd of a directory and follows no link: whoever changes the tree meanwhile can't lead it
 * elsewhere. What vanishes meanwhile is left out; sockets are, as tar leaves them out.
 *
 * @param as its name in the archive, one character a byte
 * @param ids what the archive says for a user or group id
 * @throws Error where a file becomes shorter while it is read: its size has been written by then
 */
export async function* archiveTree(
  directory: FileHandle,
  name: Buffer,
  as: string,
  ids: (id: number) => number,
  links: Links = new Map(),
): AsyncGenerator<Buffer> {
  const path = Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), name]);
  const stat = await unlessGone(lstat(path));
  if (stat === undefined || stat.isSocket()) return;
  if (stat.isDirectory()) {
    const opened = await unlessGone(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (opened === undefined) return;
    try {
      yield* archiveDirectory(opened, as, ids, links);
    } finally {
      await opened.close();
    }
  } else if (stat.isFile()) {
    yield* archiveFile(path, stat, as, ids, links);
  } else {
    const target = stat.isSymbolicLink() ? await unlessGone(readlink(path, { encoding: 'buffer' })) : NOWHERE;
    if (target !== undefined) yield memberBytes({ ...headerOf(stat, as, ids), linkName: latin1(target) });
  }
}

const NOWHERE = Buffer.alloc(0);

/** A directory and what is below it, its children in the order of their bytes. With '' for a name only the children. */
export async function* archiveDirectory(
  directory: FileHandle,
  as: string,
  ids: (id: number) => number,
  links: Links = new Map(),
): AsyncGenerator<Buffer> {
  if (as !== '') {
    yield await directoryMember(directory, as, ids);
  }
  const names = await readdir(`/proc/self/fd/${directory.fd}`, { encoding: 'buffer' });
  const below = as === '' || as.endsWith('/') ? as : `${as}/`;
  for (const name of names.sort((a, b) => a.compare(b))) {
    yield* archiveTree(directory, name, below + latin1(name), ids, links);
  }
}

/** A directory's own header. */
export async function directoryMember(
  directory: FileHandle,
  as: string,
  ids: (id: number) => number,
): Promise<Buffer> {
  return memberBytes({ ...headerOf(await directory.stat(), as, ids), xattrs: readAttributes(directory.fd) });
}

async function* archiveFile(
  path: Buffer,
  seen: Stats,
  as: string,
  ids: (id: number) => number,
  links: Links,
): AsyncGenerator<Buffer> {
  const inode = `${seen.dev}:${seen.ino}`;
  const first = seen.nlink > 1 ? links.get(inode) : undefined;
  if (first !== undefined) {
    yield memberBytes({ ...headerOf(seen, as, ids), type: 'hardlink', size: 0, linkName: first });
    return;
  }
  // A FIFO put in its place would block without O_NONBLOCK; a device can't be opened in a view.
  const file = await unlessGone(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (file === undefined) return;
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return; // Another one has taken its place.
    if (stat.nlink > 1) links.set(inode, as);
    yield memberBytes({ ...headerOf(stat, as, ids), size: stat.size, xattrs: readAttributes(file.fd) });
    for (let left = stat.size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, left));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) throw new Error(`${as}: it has become shorter while it was copied`);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    yield paddingAfter(stat.size);
  } finally {
    await file.close();
  }
}

function headerOf(stat: Stats, name: string, ids: (id: number) => number) {
  const device = stat.isCharacterDevice() || stat.isBlockDevice();
  return {
    type: typeOf(stat),
    name,
    linkName: '',
    mode: stat.mode & 0o7777,
    uid: ids(stat.uid),
    gid: ids(stat.gid),
    size: 0,
    mtime: Math.floor(stat.mtimeMs / 1000),
    devMajor: device ? deviceMajor(stat.rdev) : 0,
    devMinor: device ? deviceMinor(stat.rdev) : 0,
    xattrs: new Map<string, Buffer>(),
  };
}

function typeOf(stat: Stats): TarEntryType {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'file';
}

/** undefined for what is no longer there, or no longer what it was. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EACCES', 'EINVAL')) return undefined;
    throw error;
  }
}
