import { badLayer } from './header.ts';

/** What precedes an entry: a pax extended header (POSIX.1-2001) or GNU's long names. Text is latin1. */
export interface Extended {
  readonly path?: string | undefined;
  readonly linkPath?: string | undefined;
  readonly size?: number | undefined;
  readonly keys: readonly string[];
}

/** XATTR_NAME_MAX of linux/limits.h; mkfs.erofs 1.8 writes longer ones, and a file system that is corrupt. */
const MAX_XATTR_NAME = 255;
/** What EROFS can store with an inode, names and values together; ext4 by default holds a tenth of it. */
const MAX_XATTRS = 32_000;
const XATTR = /^(?:SCHILY|LIBARCHIVE)\.xattr\.(.*)$/s;
const TIME = /^-?\d{1,19}(?:\.\d*)?$/;

/** Reads the records `LENGTH KEY=VALUE\n` of a pax extended header. @throws EngineError */
export function readPax(body: Buffer): Extended {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const space = body.subarray(at, at + 11).indexOf(0x20);
    const digits = space === -1 ? '' : body.toString('latin1', at, at + space);
    const length = /^\d{1,10}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < digits.length + 3 || end > body.length || body[end - 1] !== 0x0a) {
      throw badLayer('a pax header is malformed');
    }
    const record = body.toString('latin1', at + space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 1) throw badLayer('a pax header is malformed');
    const key = record.slice(0, equals);
    // Readers differ in which of the two they take.
    if (records.has(key)) throw badLayer(`a pax header has "${printableKey(key)}" twice`);
    records.set(key, record.slice(equals + 1));
    at = end;
  }
  checkXattrs(records);
  const path = textOf(records, 'path');
  const linkPath = textOf(records, 'linkpath');
  const size = numberOf(records, 'size', /^\d{1,15}$/);
  numberOf(records, 'uid', /^\d{1,10}$/);
  numberOf(records, 'gid', /^\d{1,10}$/);
  for (const key of ['mtime', 'atime', 'ctime']) numberOf(records, key, TIME);
  return { path, linkPath, size: size === undefined ? undefined : Number(size), keys: [...records.keys()] };
}

function textOf(records: ReadonlyMap<string, string>, key: string): string | undefined {
  const value = records.get(key);
  if (value?.includes('\0') === true) throw badLayer(`a pax header has a ${key} with a NUL in it`);
  return value;
}

function numberOf(records: ReadonlyMap<string, string>, key: string, form: RegExp): string | undefined {
  const value = records.get(key);
  // An empty one takes the key back (POSIX.1-2017, pax, "Extended Header"), and nobody writes it.
  if (value !== undefined && !form.test(value)) throw badLayer(`a pax header has a ${key} that is none`);
  return value;
}

function checkXattrs(records: ReadonlyMap<string, string>): void {
  let total = 0;
  for (const [key, value] of records) {
    const name = XATTR.exec(key)?.[1];
    if (name === undefined) continue;
    total += name.length + value.length;
    if (name === '' || name.length > MAX_XATTR_NAME || name.includes('\0')) {
      throw badLayer("an extended attribute's name is empty or too long");
    }
    // libarchive encodes names as URLs do.
    if (/^trusted(?:\.|%2e)overlay(?:\.|%2e)/i.test(name)) {
      throw badLayer('it sets extended attributes of overlayfs');
    }
  }
  if (total > MAX_XATTRS)
    throw badLayer(`the extended attributes of an entry are more than ${MAX_XATTRS} bytes`);
}

const printableKey = (key: string): string => key.slice(0, 100).replaceAll(/[^ -~]/g, '?');
