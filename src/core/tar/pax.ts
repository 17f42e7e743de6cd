import { badTar } from './errors.ts';

/** What extended headers (pax or GNU) override in the next entry's header. */
export interface Overrides {
  path?: string;
  linkPath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  xattrs?: Map<string, Buffer>;
}

const XATTR = 'SCHILY.xattr.';

/** Adds the records of a pax header (POSIX.1-2017 pax, "pax Extended Header": `LENGTH KEY=VALUE\n`) to `into`. */
export function applyPax(body: Buffer, into: Overrides): void {
  let offset = 0;
  while (offset < body.length) {
    const space = body.indexOf(0x20, offset);
    const digits = space < 0 ? '' : body.toString('latin1', offset, space);
    const length = /^\d+$/.test(digits) ? Number(digits) : 0;
    const end = offset + length;
    const equals = body.indexOf(0x3d, space);
    if (length === 0 || end > body.length || equals < 0 || equals >= end || body[end - 1] !== 0x0a) {
      throw badTar('a pax header is malformed');
    }
    applyRecord(body.toString('latin1', space + 1, equals), body.subarray(equals + 1, end - 1), into);
    offset = end;
  }
}

function applyRecord(key: string, value: Buffer, into: Overrides): void {
  const text = value.toString('latin1');
  if (key === 'path') into.path = text;
  else if (key === 'linkpath') into.linkPath = text;
  else if (key === 'size') into.size = numeric(text, key);
  else if (key === 'uid') into.uid = numeric(text, key);
  else if (key === 'gid') into.gid = numeric(text, key);
  else if (key === 'mtime') into.mtime = Math.floor(numeric(text, key));
  else if (key.startsWith(XATTR)) {
    into.xattrs ??= new Map();
    into.xattrs.set(key.slice(XATTR.length), Buffer.from(value));
  } else if (key.startsWith('GNU.sparse.')) throw badTar('it holds a sparse file, which is not supported');
}

function numeric(text: string, key: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw badTar(`a pax header's ${key} is not a number`);
  }
  return value;
}
