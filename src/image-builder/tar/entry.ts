import type { TarEntryType } from '../../core/tar/member.ts';

/**
 * One entry of a tar archive. Paths are bytes, not text: a string here has one character per byte
 * (latin1), so that names in any encoding survive; `Buffer.from(path, 'latin1')` gives the bytes.
 */
export interface TarEntry {
  type: TarEntryType;
  /** Relative, without `./`, empty components or a trailing slash; the root is `''`; never contains `..`. */
  path: string;
  /** A symlink's target as it is; a hard link's target in the form of `path`; otherwise `''`. */
  link: string;
  /** Permission bits with setuid, setgid and sticky: 0o0000 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970, whole. */
  mtime: number;
  devMajor: number;
  devMinor: number;
  /** Extended attributes by full name (`security.capability`); names are bytes as above. */
  xattrs: ReadonlyMap<string, Buffer>;
  /** A file's contents; empty for everything else. */
  content: Buffer;
}
