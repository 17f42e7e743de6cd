import { EngineError } from '../../errors.ts';
import { printable } from '../printable.ts';

/** One 512-byte header block: POSIX.1-1988 ustar, with GNU's base-256 numbers. Text is latin1: one char a byte. */
export const BLOCK = 512;

export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  readonly size: number;
  /** The type flag; NUL and `7` (contiguous) are given as `0`. */
  readonly type: string;
}

/** What is wrong with a layer's archive; whoever knows which layer it is says so. */
export class BadLayer extends EngineError {
  readonly reason: string;

  constructor(reason: string) {
    super('system', `invalid layer: ${reason}`);
    this.name = 'BadLayer';
    this.reason = reason;
  }
}

export const badLayer = (reason: string) => new BadLayer(reason);

const MAX_SHOWN = 200;

/** A name of the archive's, for messages: quoted, not too long. */
export const shown = (name: string): string => JSON.stringify(printable(name, MAX_SHOWN));

export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/** @throws EngineError when the checksum doesn't hold */
export function readHeader(block: Buffer): TarHeader {
  const stated = number(block, 148, 8);
  if (stated !== checksum(block)) throw badLayer('a tar header has a wrong checksum');
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const flag = block.toString('latin1', 156, 157);
  for (const at of [100, 108, 116]) number(block, at, 8); // mode, owner, group: mkfs.erofs has no words for bad ones
  if (block[136] !== 0xff) number(block, 136, 12);
  if (flag === '3' || flag === '4') for (const at of [329, 337]) number(block, at, 8);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    size: number(block, 124, 12),
    type: flag === '\0' || flag === '7' ? '0' : flag,
  };
}

/** What eleven octal digits hold. */
const MAX_OCTAL = 8 ** 11 - 1;

/** A copy of the header with another type and size, its checksum made right. */
export function rewriteHeader(block: Buffer, type: string, size: number): Buffer {
  const copy = Buffer.from(block);
  if (size <= MAX_OCTAL) copy.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else copy.write(`80${size.toString(16).padStart(22, '0')}`, 124, 'hex');
  copy.write(type, 156, 1, 'latin1');
  // Before 1970: GNU's negative numbers, which mkfs.erofs 1.8 can't read.
  if (copy[136] === 0xff) copy.write('00000000000\0', 136, 'latin1');
  return withChecksum(copy);
}

/** A directory entry `./` with mode 0755, root's, of the epoch. */
export function rootEntry(): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write('./', 0, 'latin1');
  block.write('0000755\0' + '0000000\0'.repeat(2) + '00000000000\0'.repeat(2), 100, 'latin1');
  block.write('5', 156, 'latin1');
  block.write('ustar\u{0}00', 257, 'latin1');
  return withChecksum(block);
}

function withChecksum(block: Buffer): Buffer {
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20; // the checksum field itself counts as spaces
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end === -1 || end > start + length ? start + length : end);
}

function number(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) !== 0) {
    let value = BigInt(first & 0x7f);
    for (let at = start + 1; at < start + length; at++) value = (value << 8n) | BigInt(block[at] ?? 0);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw badLayer('a tar header has a number out of range');
    return Number(value);
  }
  const digits = text(block, start, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw badLayer('a tar header has a number that is none');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
