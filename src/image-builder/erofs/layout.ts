import { contentLength, nameBytes, type DirectoryNode, type TreeNode } from '../tree/nodes.ts';
import { linkCounts, type FsTree } from '../tree/tree.ts';
import { SlotAllocator } from './allocator.ts';
import { directorySize, packNames } from './directory.ts';
import {
  BLOCK_SIZE,
  LAYOUT_FLAT_INLINE,
  LAYOUT_FLAT_PLAIN,
  MODE_TYPES,
  SLOT_SIZE,
  SUPER_OFFSET,
  SUPER_SIZE,
} from './format.ts';
import { encodeDevice, inodeSize, type Inode } from './inode.ts';
import { encodeXattrs, xattrCount } from './xattr.ts';

/** Where a node goes in the image. */
export interface PlacedInode {
  readonly node: TreeNode;
  readonly inode: Inode;
  readonly nid: number;
  readonly inodeSize: number;
  readonly xattrs: Buffer;
  /** Bytes of content behind the inode; the rest is in whole blocks from `inode.address` on. */
  readonly inlineLength: number;
  readonly dataBlocks: number;
  /** A directory's names by block. */
  readonly names: readonly string[][];
  readonly parent: DirectoryNode;
}

export interface Layout {
  /** In the order of their data. */
  readonly inodes: readonly PlacedInode[];
  readonly byNode: ReadonlyMap<TreeNode, PlacedInode>;
  readonly metaBlocks: number;
  readonly blocks: number;
  readonly buildTime: number;
}

/**
 * Decides where everything goes, before anything is written: block 0 with the superblock, inodes with their tails,
 * then whole data blocks. Directories come first in both, so that looking a path up touches few blocks.
 */
export function layOut(tree: FsTree, buildTime: number): Layout {
  const links = linkCounts(tree.root);
  const slots = new SlotAllocator(SUPER_OFFSET + SUPER_SIZE);
  const placed = [...uniqueNodes(tree)].map(([path, node, parent], index) => {
    const names = node.type === 'directory' ? packNames(['.', '..', ...node.children.keys()], path) : [];
    const size = node.type === 'directory' ? directorySize(names) : dataLength(node);
    const xattrs = encodeXattrs(node.xattrs, path);
    const fields = {
      mode: MODE_TYPES[node.type] | (node.mode & 0o7777),
      uid: node.uid,
      gid: node.gid,
      mtime: Math.floor(node.mtime),
      links: links.get(node) ?? 1,
      size,
      xattrCount: xattrCount(xattrs),
      ino: index + 1,
    };
    const headSize = inodeSize({ ...fields, layout: LAYOUT_FLAT_PLAIN }, buildTime);
    const tail = size % BLOCK_SIZE;
    const inline = tail > 0 && headSize + xattrs.length + tail <= BLOCK_SIZE;
    const inlineLength = inline ? tail : 0;
    const nid = slots.place(headSize + xattrs.length + inlineLength) / SLOT_SIZE;
    const dataBlocks = Math.ceil((size - inlineLength) / BLOCK_SIZE);
    const layout = inline ? LAYOUT_FLAT_INLINE : LAYOUT_FLAT_PLAIN;
    return {
      node,
      fields,
      nid,
      inodeSize: headSize,
      xattrs,
      inlineLength,
      dataBlocks,
      layout,
      names,
      parent,
    };
  });
  let nextBlock = slots.blocks;
  const inodes = placed.map(({ fields, layout, ...rest }): PlacedInode => {
    const address = addressOf(rest.node, rest.dataBlocks, nextBlock);
    nextBlock += rest.dataBlocks;
    return { ...rest, inode: { ...fields, layout, address } };
  });
  const byNode = new Map(inodes.map((entry) => [entry.node, entry]));
  return { inodes, byNode, metaBlocks: slots.blocks, blocks: nextBlock, buildTime };
}

/** Bytes of data of anything but a directory. */
function dataLength(node: TreeNode): number {
  if (node.type === 'file') return contentLength(node.content);
  return node.type === 'symlink' ? nameBytes(node.target).length : 0;
}

function addressOf(node: TreeNode, dataBlocks: number, nextBlock: number): number {
  if (node.type === 'char' || node.type === 'block') return encodeDevice(node.major, node.minor);
  return dataBlocks > 0 ? nextBlock : 0;
}

/** Each node once, under its first name: the root, the other directories, then the rest. */
function* uniqueNodes(tree: FsTree): Generator<[path: string, node: TreeNode, parent: DirectoryNode]> {
  const parents = new Map<TreeNode, DirectoryNode>([[tree.root, tree.root]]);
  const others = new Map<TreeNode, string>();
  for (const [path, node] of tree.entries()) {
    if (node.type !== 'directory') {
      if (!others.has(node)) others.set(node, path);
      continue;
    }
    for (const child of node.children.values()) if (!parents.has(child)) parents.set(child, node);
    yield [path, node, parents.get(node) ?? tree.root];
  }
  for (const [node, path] of others) yield [path, node, parents.get(node) ?? tree.root];
}
