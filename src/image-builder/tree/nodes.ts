/**
 * An in-memory file system. Names, paths, link targets and xattr names are **byte strings**: one character a byte
 * (latin1), so that names that are no UTF-8 survive. ASCII is unchanged; anything else goes through {@link byteString}.
 */

/** Owner, permissions and times that every node has. */
export interface NodeMeta {
  /** Permission bits with setuid, setgid and sticky (07777), without the type. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** Full names (`security.capability`) to values. */
  xattrs: Map<string, Buffer>;
}

/** `length` bytes at `offset` of a file on the host: content too large to be held in memory. */
export interface FileSource {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

export type FileContent = Buffer | FileSource;

export interface DirectoryNode extends NodeMeta {
  readonly type: 'directory';
  readonly children: Map<string, TreeNode>;
}

export interface FileNode extends NodeMeta {
  readonly type: 'file';
  content: FileContent;
}

export interface SymlinkNode extends NodeMeta {
  readonly type: 'symlink';
  readonly target: string;
}

export interface DeviceNode extends NodeMeta {
  readonly type: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
}

export interface FifoNode extends NodeMeta {
  readonly type: 'fifo';
}

/** A node; two names that hold the same object are hard links of one another. */
export type TreeNode = DirectoryNode | FileNode | SymlinkNode | DeviceNode | FifoNode;

/** Metadata with root's ownership, the epoch and no xattrs where nothing else is said. */
function nodeMeta(mode: number, given: Partial<NodeMeta> = {}): NodeMeta {
  return {
    mode: given.mode ?? mode,
    uid: given.uid ?? 0,
    gid: given.gid ?? 0,
    mtime: given.mtime ?? 0,
    xattrs: given.xattrs ?? new Map(),
  };
}

export function directory(meta: Partial<NodeMeta> = {}): DirectoryNode {
  return { type: 'directory', children: new Map(), ...nodeMeta(0o755, meta) };
}

export function file(content: FileContent | string, meta: Partial<NodeMeta> = {}): FileNode {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return { type: 'file', content: bytes, ...nodeMeta(0o644, meta) };
}

export function symlink(target: string, meta: Partial<NodeMeta> = {}): SymlinkNode {
  return { type: 'symlink', target, ...nodeMeta(0o777, meta) };
}

export function device(
  type: 'char' | 'block',
  major: number,
  minor: number,
  meta: Partial<NodeMeta> = {},
): DeviceNode {
  return { type, major, minor, ...nodeMeta(0o600, meta) };
}

export function fifo(meta: Partial<NodeMeta> = {}): FifoNode {
  return { type: 'fifo', ...nodeMeta(0o644, meta) };
}

/** The byte string of a text's UTF-8, or of raw bytes. */
export function byteString(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('latin1');
}

/** The bytes of a byte string. */
export function nameBytes(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

export function contentLength(content: FileContent): number {
  return content.length;
}

/** The order of names in every format that sorts them: by bytes. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
