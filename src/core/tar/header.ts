import { badTar } from './errors.ts';

export const BLOCK = 512;

/** A header block's fields as they stand (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"). */
export interface RawHeader {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  /** One character; `'\0'` is the old form of a file. */
  typeFlag: string;
  linkName: string;
  devMajor: number;
  devMinor: number;
}

/** Parses a header block, checking its checksum; undefined for a block of zeros (the archive's end). */
export function parseHeader(block: Buffer): RawHeader | undefined {
  const stored = octal(block, 148, 8, 'checksum');
  let sum = 0;
  for (let i = 0; i < BLOCK; i += 1) sum += i >= 148 && i < 156 ? 32 : (block[i] ?? 0);
  if (sum === 256 && stored === 0 && block.every((byte) => byte === 0)) return undefined;
  if (sum !== stored) throw badTar('a header has a wrong checksum');

  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: octal(block, 100, 8, 'mode'),
    uid: octal(block, 108, 8, 'uid'),
    gid: octal(block, 116, 8, 'gid'),
    size: octal(block, 124, 12, 'size'),
    mtime: octal(block, 136, 12, 'mtime'),
    typeFlag: block.toString('latin1', 156, 157),
    linkName: text(block, 157, 100),
    devMajor: octal(block, 329, 8, 'devmajor'),
    devMinor: octal(block, 337, 8, 'devminor'),
  };
}

/** Bytes up to the first NUL. */
function text(block: Buffer, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? length : end);
}

/** Octal digits, or GNU's base-256 when the first byte's high bit is set. */
function octal(block: Buffer, offset: number, length: number, field: string): number {
  const first = block[offset] ?? 0;
  if (first >= 0x80) return base256(block.subarray(offset, offset + length), field);
  const digits = text(block, offset, length).trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw badTar(`a header's ${field} is not a number`);
  return Number.parseInt(digits, 8);
}

function base256(bytes: Buffer, field: string): number {
  const first = bytes[0] ?? 0;
  const isNegative = first === 0xff;
  let value = isNegative ? -1n : BigInt(first & 0x7f);
  for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw badTar(`a header's ${field} is out of range`);
  return number;
}
