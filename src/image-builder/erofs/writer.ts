import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { nameBytes, type FileContent } from '../tree/nodes.ts';
import type { FsTree } from '../tree/tree.ts';
import { DataSink, writeAll } from './data-sink.ts';
import { encodeDirectory } from './directory.ts';
import { BLOCK_SIZE, FILE_TYPES, SLOT_SIZE } from './format.ts';
import { encodeInode } from './inode.ts';
import { layOut, type Layout, type PlacedInode } from './layout.ts';
import { encodeSuperblock } from './superblock.ts';

export interface ErofsOptions {
  /** Seconds; nodes with this mtime take a smaller inode. Default 0. */
  readonly buildTime?: number;
  /** At most 16 ASCII characters. */
  readonly volumeName?: string;
  readonly signal?: AbortSignal;
}

export interface ErofsResult {
  readonly bytes: number;
  readonly inodes: number;
  /** Derived from the content, so the same tree has the same one. */
  readonly uuid: Buffer;
}

/** How many bytes a tree has as an image. */
export function erofsBytes(tree: FsTree, buildTime = 0): number {
  return layOut(tree, buildTime).blocks * BLOCK_SIZE;
}

/**
 * Writes a tree as an uncompressed EROFS image (Linux, Documentation/filesystems/erofs.rst), the same bytes for the same
 * tree on every host. Memory: the metadata area and two chunks, whatever the files' sizes. A failure leaves no file.
 * @throws IMAGE_TREE_INVALID for what the format can't hold
 */
export async function writeErofs(
  tree: FsTree,
  path: string,
  options: ErofsOptions = {},
): Promise<ErofsResult> {
  const layout = layOut(tree, options.buildTime ?? 0);
  const bytes = layout.blocks * BLOCK_SIZE;
  const out = await open(path, 'w', 0o600);
  try {
    await out.truncate(bytes);
    const uuid = await writeImage(layout, out, options);
    await out.close();
    return { bytes, inodes: layout.inodes.length, uuid };
  } catch (error) {
    await out.close();
    await rm(path, { force: true });
    throw error;
  }
}

async function writeImage(layout: Layout, out: FileHandle, options: ErofsOptions): Promise<Buffer> {
  const metadata = Buffer.alloc(layout.metaBlocks * BLOCK_SIZE);
  const data = new DataSink(out, metadata.length, options.signal);
  const head = new DataSink(out, 0, options.signal);
  try {
    for (const placed of layout.inodes) await writeNode(placed, layout, metadata, data);
    const dataDigest = await data.finish();
    const block0 = Buffer.from(metadata.subarray(0, BLOCK_SIZE));
    await head.push(metadata);
    const uuid = contentUuid(await head.finish(), dataDigest);
    encodeSuperblock(block0, {
      rootNid: layout.inodes[0]?.nid ?? 0,
      inodes: layout.inodes.length,
      buildTime: layout.buildTime,
      blocks: layout.blocks,
      uuid,
      volumeName: options.volumeName ?? '',
    });
    await writeAll(out, block0, 0);
    return uuid;
  } finally {
    await data.close();
    await head.close();
  }
}

/** Puts the inode, its xattrs and its inline data into the metadata, and whole blocks into the sink. */
async function writeNode(
  placed: PlacedInode,
  layout: Layout,
  metadata: Buffer,
  sink: DataSink,
): Promise<void> {
  const at = placed.nid * SLOT_SIZE;
  const xattrsAt = at + placed.inodeSize;
  const inlineAt = xattrsAt + placed.xattrs.length;
  encodeInode(metadata.subarray(at, xattrsAt), placed.inode);
  placed.xattrs.copy(metadata, xattrsAt);
  const content = contentOf(placed, layout);
  const blockBytes = placed.inode.size - placed.inlineLength;
  const inline = metadata.subarray(inlineAt, inlineAt + placed.inlineLength);
  if (Buffer.isBuffer(content)) {
    content.copy(inline, 0, blockBytes);
    if (blockBytes > 0) await sink.push(content.subarray(0, blockBytes));
  } else {
    if (blockBytes > 0) await sink.pushSource(content, 0, blockBytes);
    if (inline.length > 0) await sink.readSource(content, blockBytes, inline);
  }
  if (blockBytes > 0) await sink.pad(BLOCK_SIZE);
}

function contentOf(placed: PlacedInode, layout: Layout): FileContent {
  const { node } = placed;
  if (node.type === 'file') return node.content;
  if (node.type === 'symlink') return nameBytes(node.target);
  if (node.type !== 'directory') return Buffer.alloc(0);
  return encodeDirectory(placed.names, (name) => {
    const child = name === '.' ? node : name === '..' ? placed.parent : node.children.get(name);
    const target = child && layout.byNode.get(child);
    if (target === undefined) throw new Error(`"${name}" was not laid out.`);
    return { name, nid: target.nid, fileType: FILE_TYPES[target.node.type] };
  });
}

/** A version 8 (vendor-defined, RFC 9562 §5.8) UUID from the digests of the metadata and the data. */
function contentUuid(metadata: Buffer, data: Buffer): Buffer {
  const uuid = createHash('sha256').update(metadata).update(data).digest().subarray(0, 16);
  uuid.writeUInt8((uuid.readUInt8(6) & 0x0f) | 0x80, 6);
  uuid.writeUInt8((uuid.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuid;
}
