import { BLOCK } from './header.ts';
import { TYPE_FLAGS } from './member.ts';
import type { TarMemberHeader } from './member.ts';

/** What ends an archive. */
export const END_MARK: Uint8Array = Buffer.alloc(2 * BLOCK);

/** The zeros that fill up the last block of `size` bytes of content. */
export const paddingAfter = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/**
 * A member's header: a ustar block (POSIX.1-2017 pax), before it a pax extended header for whatever that has no room
 * for: long names and such that aren't ASCII, numbers past its octal digits (which stand in the block too, in GNU's
 * base-256, for readers without pax), extended attributes (`SCHILY.xattr.*`, as star, GNU tar and Docker write them).
 * A directory's name gets its slash.
 */
export function memberBytes(member: TarMemberHeader): Buffer {
  const name = member.type === 'directory' && !member.name.endsWith('/') ? `${member.name}/` : member.name;
  const records = paxRecords(member, name);
  const block = headerBlock(member, name, TYPE_FLAGS[member.type], member.size);
  if (records.length === 0) return block;
  const body = Buffer.concat(records);
  const plain = { ...member, linkName: '', uid: 0, gid: 0, mtime: 0, mode: 0o644, devMajor: 0, devMinor: 0 };
  const base = name.replace(/\/+$/, '').split('/').at(-1) ?? '';
  const head = headerBlock(plain, `PaxHeaders.0/${base}`, 'x', body.length);
  return Buffer.concat([head, body, paddingAfter(body.length), block]);
}

function paxRecords(member: TarMemberHeader, name: string): Buffer[] {
  const records: Buffer[] = [];
  const text = (key: string, value: string): void =>
    void records.push(record(key, Buffer.from(value, 'latin1')));
  if (!fits(name)) text('path', name);
  if (!fits(member.linkName)) text('linkpath', member.linkName);
  if (member.size > OCTAL_11) text('size', String(member.size));
  if (member.uid > OCTAL_7) text('uid', String(member.uid));
  if (member.gid > OCTAL_7) text('gid', String(member.gid));
  if (member.mtime < 0 || member.mtime > OCTAL_11) text('mtime', String(member.mtime));
  for (const [key, value] of member.xattrs) records.push(record(`SCHILY.xattr.${key}`, value));
  return records;
}

const OCTAL_7 = 0o7777777;
const OCTAL_11 = 0o77777777777;

/** In 100 bytes, ASCII. */
const fits = (name: string): boolean =>
  name.length <= 100 && Buffer.from(name, 'latin1').every((byte) => byte < 0x80);

/** `LENGTH KEY=VALUE\n`, the length being that of all of it. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function headerBlock(member: TarMemberHeader, name: string, typeFlag: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name.slice(0, 100), 0, 'latin1');
  number(block, 100, 8, member.mode & 0o7777);
  number(block, 108, 8, member.uid);
  number(block, 116, 8, member.gid);
  number(block, 124, 12, size);
  number(block, 136, 12, member.mtime);
  block.fill(' ', 148, 156);
  block.write(typeFlag, 156, 'latin1');
  block.write(member.linkName.slice(0, 100), 157, 'latin1');
  block.write('ustar\u{0}00', 257, 'latin1');
  number(block, 329, 8, member.devMajor);
  number(block, 337, 8, member.devMinor);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Octal digits and a NUL, or GNU's base-256 where they don't suffice. */
function number(block: Buffer, at: number, width: number, value: number): void {
  const digits = value.toString(8).padStart(width - 1, '0');
  if (value >= 0 && digits.length < width) {
    block.write(`${digits}\0`, at, 'latin1');
    return;
  }
  let rest = BigInt(value);
  for (let index = at + width - 1; index >= at; index--) {
    block[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[at] = value < 0 ? 0xff : 0x80;
}
