import { closeSync, openSync, readSync } from 'node:fs';
import { decodeDirectory, type Dirent } from './directory.ts';
import { BLOCK_SIZE, EXTENDED_SIZE, LAYOUT_FLAT_INLINE, SLOT_SIZE } from './format.ts';
import { decodeInode, typeOfMode, type Inode } from './inode.ts';
import { decodeSuperblock, formatError, type Superblock } from './superblock.ts';
import { decodeXattrs, xattrLength } from './xattr.ts';

export type ReadInode = Inode & { readonly nid: number; readonly inodeSize: number };

/** Reads the images that {@link import('./writer.ts')} makes: to verify them, and to take files out of one. */
export class ErofsReader implements Disposable {
  readonly superblock: Superblock;
  readonly #fd: number;

  /** @throws IMAGE_FORMAT_INVALID when the file is no such image */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    try {
      this.superblock = decodeSuperblock(this.#read(0, BLOCK_SIZE));
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  inode(nid: number): ReadInode {
    return { nid, ...decodeInode(this.#read(nid * SLOT_SIZE, EXTENDED_SIZE), this.superblock.buildTime) };
  }

  /** The inode at a path of byte strings, symlinks not followed; undefined when there is none. */
  lookup(path: string): ReadInode | undefined {
    let inode = this.inode(this.superblock.rootNid);
    for (const part of path.split('/').filter((name) => name !== '')) {
      if (typeOfMode(inode.mode) !== 'directory') return undefined;
      const entry = this.entries(inode).find(({ name }) => name === part);
      if (entry === undefined) return undefined;
      inode = this.inode(entry.nid);
    }
    return inode;
  }

  /** A directory's entries in their stored order, with `.` and `..`. */
  entries(inode: ReadInode): Dirent[] {
    return decodeDirectory(this.content(inode));
  }

  xattrs(inode: ReadInode): Map<string, Buffer> {
    const length = xattrLength(inode.xattrCount);
    return decodeXattrs(this.#read(inode.nid * SLOT_SIZE + inode.inodeSize, length));
  }

  /** The content of a file, a symlink's target, a directory's data: `length` bytes at `offset` (default: all). */
  content(inode: ReadInode, offset = 0, length = inode.size - offset): Buffer {
    const inlineLength = inode.layout === LAYOUT_FLAT_INLINE ? inode.size % BLOCK_SIZE : 0;
    const inBlocks = inode.size - inlineLength;
    const end = offset + length;
    const fromBlocks = Math.max(0, Math.min(end, inBlocks) - offset);
    const inlineAt =
      inode.nid * SLOT_SIZE +
      inode.inodeSize +
      xattrLength(inode.xattrCount) -
      inBlocks +
      offset +
      fromBlocks;
    return Buffer.concat([
      fromBlocks > 0 ? this.#read(inode.address * BLOCK_SIZE + offset, fromBlocks) : Buffer.alloc(0),
      length > fromBlocks ? this.#read(inlineAt, length - fromBlocks) : Buffer.alloc(0),
    ]);
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#fd, bytes, done, length - done, position + done);
      if (count === 0) throw formatError(`it ends before byte ${position + length}`);
      done += count;
    }
    return bytes;
  }
}
