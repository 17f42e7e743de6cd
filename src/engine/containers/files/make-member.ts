import { constants } from 'node:fs';
import { chmod, chown, lchown, link, lutimes, mkdir, open, symlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { TarMember, TarMemberHeader } from '../../../core/tar/member.ts';
import { invalid } from '../../errors.ts';
import { hasCode } from '../../sys/errno.ts';
import { S_IF, makeNodeIn } from '../../sys/files.ts';
import { isOverlayAttribute, setAttribute } from '../../sys/open-file-attributes.ts';
import { O_PATH } from '../../sys/open-in-root.ts';
import { childOf } from './extraction-target.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Where a member goes. */
export interface MemberPlace {
  readonly parent: FileHandle;
  /** One character a byte; nothing is there, unless `merge`. */
  readonly name: string;
  /** A directory is there, which takes over what the archive says of it. */
  readonly merge: boolean;
  /** undefined: as the archive says. */
  readonly owner: Owner | undefined;
  /** See FilesView. */
  readonly idOffset: (fd: number) => number;
}

/**
 * Makes what the archive says under a name that is free. Nothing is opened that was there before: with O_EXCL a file
 * that somebody puts there meanwhile is an error, not a way elsewhere.
 *
 * @throws SyscallError and Node's errors
 */
export async function makeMember(place: MemberPlace, member: TarMember): Promise<void> {
  const path = childOf(place.parent, place.name);
  switch (member.type) {
    case 'directory':
      if (!place.merge) await mkdir(path, { mode: 0o700 });
      return await openAndFinish(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, place, member);
    case 'file':
      return await openAndFinish(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, place, member);
    case 'symlink': {
      await symlink(Buffer.from(member.linkName, 'latin1'), path);
      const { uid, gid } = ownerOf(place, member, place.parent.fd);
      await lchown(path, uid, gid);
      return await lutimes(path, member.mtime, member.mtime);
    }
    default:
      return await makeDevice(path, place, member);
  }
}

async function openAndFinish(
  path: Buffer,
  flags: number,
  place: MemberPlace,
  member: TarMember,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    if (member.type === 'file') {
      for await (const piece of member.content) await file.appendFile(piece);
    }
    // The owner before the mode and the capabilities: chown(2) clears them.
    const { uid, gid } = ownerOf(place, member, file.fd);
    await file.chown(uid, gid);
    await file.chmod(member.mode);
    setAttributes(file.fd, member);
    await file.utimes(member.mtime, member.mtime);
  } finally {
    await file.close();
  }
}

const NODES = { char: S_IF.CHR, block: S_IF.BLK, fifo: S_IF.FIFO } as const;

async function makeDevice(path: Buffer, place: MemberPlace, member: TarMemberHeader): Promise<void> {
  const type = NODES[member.type as keyof typeof NODES];
  const name = Buffer.from(place.name, 'latin1');
  makeNodeIn(place.parent.fd, name, type | 0o600, member.devMajor, member.devMinor);
  // By its own fd: the mode of something else under that name stays what it is.
  const node = await open(path, O_PATH | O_NOFOLLOW);
  try {
    const { uid, gid } = ownerOf(place, member, node.fd);
    await chown(`/proc/self/fd/${node.fd}`, uid, gid);
    await chmod(`/proc/self/fd/${node.fd}`, member.mode);
  } finally {
    await node.close();
  }
  await lutimes(path, member.mtime, member.mtime);
}

/** One more name of a file, of which no link is followed. */
export async function makeHardLink(place: MemberPlace, directory: FileHandle, name: string): Promise<void> {
  await link(childOf(directory, name), childOf(place.parent, place.name));
}

export async function setDirectoryTime(parent: FileHandle, name: string, mtime: number): Promise<void> {
  try {
    await lutimes(childOf(parent, name), mtime, mtime);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error; // Somebody has removed it meanwhile.
  }
}

/** @param fd of the file, or where it belongs */
function ownerOf(place: MemberPlace, member: TarMemberHeader, fd: number): Owner {
  const { uid, gid } = place.owner ?? member;
  const offset = place.idOffset(fd);
  return { uid: uid + offset, gid: gid + offset };
}

/** As moby: what the filesystem has no room for is left out. @throws EngineError for overlayfs's own */
function setAttributes(fd: number, member: TarMemberHeader): void {
  for (const [name, value] of member.xattrs) {
    if (isOverlayAttribute(name)) throw invalid(`${name} is an attribute of overlayfs itself`);
    try {
      setAttribute(fd, name, value);
    } catch (error) {
      if (!hasCode(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) throw error;
    }
  }
}
