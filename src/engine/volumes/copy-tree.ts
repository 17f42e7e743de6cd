import { closeSync, constants } from 'node:fs';
import type { Stats } from 'node:fs';
import {
  chmod,
  chown,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readlink,
  symlink,
} from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { deviceMajor, deviceMinor, makeNode } from '../sys/files.ts';
import { copyAttributes } from '../sys/open-file-attributes.ts';
import { O_PATH, openInRoot } from '../sys/open-in-root.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NONBLOCK } = constants;
const CHUNK = 256 * 1024;

/**
 * Copies what is in one directory into another: files, directories, links (hard ones stay one file), devices and FIFOs,
 * with owner, mode, times and extended attributes. Sockets are left out, as tar leaves them out: they are nothing
 * without their process.
 *
 * Every step goes through the open fd of a directory and never follows a link, so that whoever writes into either tree
 * meanwhile can't lead the copy elsewhere. Something that is already there is an error (EEXIST).
 */
export async function copyTree(source: FileHandle, target: FileHandle): Promise<void> {
  await copyChildren(source, target, { root: target, directory: '', links: new Map() });
  await copyMetadata(source, target, await source.stat());
}

/** Where a copy has got to. */
interface Place {
  /** What is copied into. */
  readonly root: FileHandle;
  /** The directory at work, relative to the root; undefined where a name in it isn't UTF-8. */
  readonly directory: string | undefined;
  /** Files of several names: device and inode of the original → directory and name of the copy. */
  readonly links: Map<string, { readonly directory: string; readonly name: Buffer }>;
}

async function copyChildren(source: FileHandle, target: FileHandle, place: Place): Promise<void> {
  for (const name of await readdir(pathOf(source), { encoding: 'buffer' })) {
    const [from, to] = [child(source, name), child(target, name)];
    const stat = await lstat(from);
    if (stat.isDirectory()) await copyDirectory(from, to, below(place, name));
    else if (stat.isFile()) await copyFile(from, to, stat, place, name);
    else if (stat.isSymbolicLink()) await copyLink(from, to, stat);
    else if (!stat.isSocket()) await copyNode(to, stat);
  }
}

function below(place: Place, name: Buffer): Place {
  const text = name.toString('utf8');
  const known = place.directory !== undefined && Buffer.from(text).equals(name);
  return { ...place, directory: known ? `${place.directory}/${text}` : undefined };
}

async function copyDirectory(from: Buffer, to: Buffer, place: Place): Promise<void> {
  const source = await open(from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await mkdir(to, { mode: 0o700 });
    const target = await open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      await copyChildren(source, target, place);
      await copyMetadata(source, target, await source.stat());
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyFile(from: Buffer, to: Buffer, seen: Stats, place: Place, name: Buffer): Promise<void> {
  const inode = `${seen.dev}:${seen.ino}`;
  const first = seen.nlink > 1 ? place.links.get(inode) : undefined;
  if (first !== undefined) {
    await linkAgain(place.root, first, to);
    return;
  }
  const source = await open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = await source.stat();
    if (!stat.isFile()) throw new Error(`${from.toString()} is no longer a file`);
    const target = await open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await copyContent(source, target);
      await copyMetadata(source, target, stat);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  if (seen.nlink > 1 && place.directory !== undefined) {
    place.links.set(inode, { directory: place.directory, name });
  }
}

async function linkAgain(
  root: FileHandle,
  first: { readonly directory: string; readonly name: Buffer },
  to: Buffer,
): Promise<void> {
  const directory = openInRoot(pathOf(root), `.${first.directory}`, O_PATH | O_DIRECTORY);
  try {
    await link(Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), first.name]), to);
  } finally {
    closeSync(directory);
  }
}

async function copyContent(source: FileHandle, target: FileHandle): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, CHUNK);
    if (bytesRead === 0) return;
    for (let at = 0; at < bytesRead;) at += (await target.write(buffer, at, bytesRead - at)).bytesWritten;
  }
}

/** The owner before the mode: chown(2) clears the set-id bits. */
async function copyMetadata(source: FileHandle, target: FileHandle, stat: Stats): Promise<void> {
  await target.chown(stat.uid, stat.gid);
  await target.chmod(stat.mode & 0o7777);
  copyAttributes(source.fd, target.fd);
  await target.utimes(stat.atime, stat.mtime);
}

async function copyLink(from: Buffer, to: Buffer, stat: Stats): Promise<void> {
  await symlink(await readlink(from, { encoding: 'buffer' }), to);
  await lchown(to, stat.uid, stat.gid);
  await lutimes(to, stat.atime, stat.mtime);
}

async function copyNode(to: Buffer, stat: Stats): Promise<void> {
  makeNode(textOf(to), stat.mode & 0o170000, deviceMajor(stat.rdev), deviceMinor(stat.rdev));
  const node = await open(to, O_PATH | O_NOFOLLOW);
  try {
    await chown(pathOf(node), stat.uid, stat.gid);
    await chmod(pathOf(node), stat.mode & 0o7777);
  } finally {
    await node.close();
  }
  await lutimes(to, stat.atime, stat.mtime);
}

function textOf(path: Buffer): string {
  const text = path.toString('utf8');
  if (!Buffer.from(text).equals(path)) throw new Error(`the name of a device is not UTF-8: ${text}`);
  return text;
}

const pathOf = (handle: FileHandle): string => `/proc/self/fd/${handle.fd}`;

/** A path that begins at an open directory, wherever that has been moved to. */
const child = (directory: FileHandle, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${pathOf(directory)}/`), name]);
