import { WherryError } from '../../core/errors.ts';
import { compareNames } from '../tree/nodes.ts';
import { BLOCK_SIZE, DIRENT_SIZE, NAME_MAX } from './format.ts';
import { formatError } from './superblock.ts';

export interface Dirent {
  /** A byte string. */
  readonly name: string;
  readonly nid: number;
  /** One of FILE_TYPES. */
  readonly fileType: number;
}

/**
 * Names (with `.` and `..`) in the order in which they are stored, cut into blocks: the kernel searches binarily, first
 * over the blocks' first names, then in the block, so the order is by bytes over the whole directory.
 */
export function packNames(names: readonly string[], path: string): string[][] {
  const blocks: string[][] = [];
  let block: string[] = [];
  let used = 0;
  for (const name of [...names].sort(compareNames)) {
    checkName(name, path);
    const size = DIRENT_SIZE + name.length;
    if (used + size > BLOCK_SIZE) {
      blocks.push(block);
      block = [];
      used = 0;
    }
    block.push(name);
    used += size;
  }
  blocks.push(block);
  return blocks;
}

/** i_size of a directory: whole blocks, and of the last one what is used. */
export function directorySize(blocks: readonly string[][]): number {
  const last = blocks.at(-1) ?? [];
  const used = last.reduce((sum, name) => sum + DIRENT_SIZE + name.length, 0);
  return (blocks.length - 1) * BLOCK_SIZE + used;
}

/** A directory's data: in each block the entries, then their names without terminators, then zeros. */
export function encodeDirectory(blocks: readonly string[][], entry: (name: string) => Dirent): Buffer {
  const data = Buffer.alloc(directorySize(blocks));
  for (const [index, names] of blocks.entries()) {
    const block = data.subarray(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE);
    let nameAt = names.length * DIRENT_SIZE;
    for (const [position, name] of names.entries()) {
      const { nid, fileType } = entry(name);
      const at = position * DIRENT_SIZE;
      block.writeUInt32LE(nid % 2 ** 32, at);
      block.writeUInt32LE(Math.floor(nid / 2 ** 32), at + 4);
      block.writeUInt16LE(nameAt, at + 8);
      block.writeUInt8(fileType, at + 10);
      nameAt += block.write(name, nameAt, 'latin1');
    }
  }
  return data;
}

/** Reads a directory's data, `.` and `..` included. */
export function decodeDirectory(data: Buffer): Dirent[] {
  const entries: Dirent[] = [];
  for (let start = 0; start < data.length; start += BLOCK_SIZE) {
    const block = data.subarray(start, start + BLOCK_SIZE);
    const count = block.readUInt16LE(8) / DIRENT_SIZE;
    if (!Number.isInteger(count) || count < 1 || count * DIRENT_SIZE > block.length)
      throw formatError('a damaged directory');
    for (let position = 0; position < count; position += 1) {
      const at = position * DIRENT_SIZE;
      const from = block.readUInt16LE(at + 8);
      const to = position + 1 < count ? block.readUInt16LE(at + DIRENT_SIZE + 8) : block.length;
      const name = block.toString('latin1', from, to).replace(/\0+$/, '');
      entries.push({
        name,
        nid: block.readUInt32LE(at) + block.readUInt32LE(at + 4) * 2 ** 32,
        fileType: block.readUInt8(at + 10),
      });
    }
  }
  return entries;
}

function checkName(name: string, path: string): void {
  if (name.length === 0 || name.length > NAME_MAX || /[/\0]/.test(name))
    throw new WherryError({
      code: 'IMAGE_TREE_INVALID',
      message: `"${path}/${name}" has a name that no file system takes (1 to ${NAME_MAX} bytes, no slash, no NUL).`,
    });
}
