import { readContent } from '../tree/content.ts';
import { nameBytes, type TreeNode } from '../tree/nodes.ts';
import { linkCounts, treeError, type FsTree } from '../tree/tree.ts';

const TYPE_BITS = {
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
} as const;

/** The fields of a "newc" header in their order, each 8 hexadecimal digits behind the magic 070701. */
interface Header {
  ino: number;
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  mtime: number;
  size: number;
  deviceMajor: number;
  deviceMinor: number;
  rdevMajor: number;
  rdevMinor: number;
  nameSize: number;
  check: number;
}

/**
 * The tree as a cpio archive in the kernel's initramfs format (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst), uncompressed, padded to 512 bytes. Folders come before
 * what is in them, siblings in byte order, inode numbers count up; a hard link's data is with its last name. The root
 * itself has no entry: the kernel has made it. The format has no xattrs.
 */
export function cpioArchive(tree: FsTree): Buffer {
  const links = linkCounts(tree.root);
  const seen = new Map<TreeNode, { ino: number; left: number }>();
  const parts: Buffer[] = [];
  let total = 0;
  const add = (bytes: Buffer): void => {
    parts.push(bytes);
    total += bytes.length;
    const rest = total % 4;
    if (rest > 0) {
      parts.push(Buffer.alloc(4 - rest));
      total += 4 - rest;
    }
  };
  for (const [path, node] of tree.entries()) {
    if (node === tree.root) continue;
    const nlink = links.get(node) ?? 1;
    const state = seen.get(node) ?? { ino: seen.size + 1, left: node.type === 'directory' ? 1 : nlink };
    state.left -= 1;
    seen.set(node, state);
    const data = state.left === 0 ? dataOf(node) : Buffer.alloc(0);
    add(encodeHeader(path, headerOf(path, node, state.ino, nlink, data.length)));
    add(data);
  }
  add(encodeHeader('TRAILER!!!', { ...EMPTY, nlink: 1 }));
  return Buffer.concat([...parts, Buffer.alloc((512 - (total % 512)) % 512)]);
}

const EMPTY: Header = {
  ino: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  nlink: 0,
  mtime: 0,
  size: 0,
  deviceMajor: 0,
  deviceMinor: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  nameSize: 0,
  check: 0,
};

function headerOf(path: string, node: TreeNode, ino: number, nlink: number, size: number): Header {
  const mtime = Math.floor(node.mtime);
  if (mtime < 0 || mtime > 0xffff_ffff) throw treeError(`"${path}" has a time that cpio can't hold.`);
  const isDevice = node.type === 'char' || node.type === 'block';
  return {
    ...EMPTY,
    ino,
    mode: TYPE_BITS[node.type] | (node.mode & 0o7777),
    uid: node.uid,
    gid: node.gid,
    nlink,
    mtime,
    size,
    rdevMajor: isDevice ? node.major : 0,
    rdevMinor: isDevice ? node.minor : 0,
  };
}

function encodeHeader(name: string, fields: Header): Buffer {
  const bytes = nameBytes(`${name}\0`);
  const values = Object.values({ ...fields, nameSize: bytes.length });
  const digits = values.map((value) => value.toString(16).toUpperCase().padStart(8, '0'));
  return Buffer.concat([Buffer.from(`070701${digits.join('')}`, 'latin1'), bytes]);
}

function dataOf(node: TreeNode): Buffer {
  if (node.type === 'file') return readContent(node.content);
  return node.type === 'symlink' ? nameBytes(node.target) : Buffer.alloc(0);
}
