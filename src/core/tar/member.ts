/** What a member of an archive is. Sparse files, volume labels and multi-volume parts are refused by the reader. */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/**
 * A member of a tar archive without its content. Names are bytes, not text: a string here has one character per byte
 * (latin1), so that names in any encoding survive; `Buffer.from(name, 'latin1')` gives the bytes.
 */
export interface TarMemberHeader {
  readonly type: TarEntryType;
  /** As it stands in the archive. */
  readonly name: string;
  /** The target of a link as it stands in the archive; otherwise ''. */
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky: 0o0000 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file's content; 0 for everything else. */
  readonly size: number;
  /** Seconds since 1970, whole. */
  readonly mtime: number;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Extended attributes by full name (`security.capability`); names are bytes as above. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

export interface TarMember extends TarMemberHeader {
  /** The content in chunks, to be read before the next member is asked for; what isn't read is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

/** The type flags of POSIX.1-2017 pax, "ustar Interchange Format". */
export const TYPE_FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** An empty file, nobody's in particular, with no name yet. */
export const EMPTY_FILE: TarMemberHeader = {
  type: 'file',
  name: '',
  linkName: '',
  mode: 0o600,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  devMajor: 0,
  devMinor: 0,
  xattrs: new Map(),
};
