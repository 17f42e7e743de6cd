import type { TarEntry } from '../../../src/image-builder/tar/entry.ts';

const BLOCK = 512;
const TYPE_FLAG = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
} as const;

/**
 * A layer's tar with pax headers for long names and xattrs (POSIX.1-2017 pax; `SCHILY.xattr.*` as GNU tar and star
 * write them). The tests' images must not be written by the code that reads them: this shares nothing with src/.
 */
export function layerTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => [...paxHeader(entry), header(entry), padded(entry.content)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function padded(content: Buffer): Buffer {
  const rest = content.length % BLOCK;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)]);
}

function paxHeader(entry: TarEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: Buffer): void => {
    const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
    let length = body.length;
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    records.push(Buffer.from(String(length)), body);
  };
  if (entry.path.length > 99) add('path', Buffer.from(entry.path, 'latin1'));
  if (entry.link.length > 99) add('linkpath', Buffer.from(entry.link, 'latin1'));
  for (const [name, value] of entry.xattrs) add(`SCHILY.xattr.${name}`, value);
  if (records.length === 0) return [];
  const content = Buffer.concat(records);
  return [block('pax/header', 'x', { ...entry, link: '' }, content.length), padded(content)];
}

function header(entry: TarEntry): Buffer {
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  return block(path, TYPE_FLAG[entry.type], entry, entry.content.length);
}

function block(path: string, type: string, entry: TarEntry, size: number): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number): void => {
    bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  };
  bytes.write(path.slice(0, 100), 0, 'latin1');
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(size, 124, 12);
  octal(entry.mtime, 136, 12);
  bytes.write('        ', 148, 'latin1');
  bytes.write(type, 156, 'latin1');
  bytes.write(entry.link.slice(0, 100), 157, 'latin1');
  bytes.write('ustar\u000000', 257, 'latin1');
  octal(entry.devMajor, 329, 8);
  octal(entry.devMinor, 337, 8);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
