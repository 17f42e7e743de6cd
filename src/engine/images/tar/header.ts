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
  const posix = block[345] !== 0 && block.toString('latin1', 257, 263) === POSIX;
  const prefix = posix ? text(block, 345, isStar(block) ? 131 : 155) : '';
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

/** Mode, owner, group, time and device: where they are, and how long. */
const NUMBERS = [
  [100, 8],
  [108, 8],
  [116, 8],
  [136, 12],
  [329, 8],
  [337, 8],
] as const;

/** What eleven octal digits hold. */
const MAX_OCTAL = 8 ** 11 - 1;

/** Whether every reader takes the header for the same: most are like that. */
function isPlain(block: Buffer): boolean {
  if (block.compare(POSIX_BYTES, 0, POSIX_BYTES.length, 257, 263) !== 0) return false;
  for (let at = 500; at < BLOCK; at++) if (block[at] !== 0) return false;
  return NUMBERS.every(([at]) => isOctalDigit(block[at])) && isOctalDigit(block[124]);
}

const isOctalDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte < 0x38;

/** The header with another type and size, its checksum made right; itself where nothing is to be changed. */
export function rewriteHeader(block: Buffer, type: string, size: number): Buffer {
  if (block[156] === type.charCodeAt(0) && number(block, 124, 12) === size && isPlain(block)) return block;
  const copy = Buffer.from(block);
  if (size <= MAX_OCTAL) copy.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else copy.write(`80${size.toString(16).padStart(22, '0')}`, 124, 'hex');
  copy.write(type, 156, 1, 'latin1');
  const magic = copy.toString('latin1', 257, 263);
  if (magic !== POSIX) {
    // GNU's has times where the prefix is, the seventh edition's nothing: mkfs.erofs 1.8 doesn't tell them apart.
    copy.fill(0, magic === GNU ? 345 : 257).write(`${POSIX}00`, 257, 'latin1');
  }
  // Nothing is at the end, and mkfs.erofs 1.8 leaves it out of the checksum; star has times and its name there.
  copy.fill(0, isStar(copy) ? 476 : 500);
  // mkfs.erofs 1.8 takes an empty field for a broken header, everybody else for 0; nor does it read a mode in base 256.
  for (const [at, length] of NUMBERS) {
    const odd = (copy[at] ?? 0) & 0x80 || text(copy, at, length).trim() === '';
    if (!odd || copy[at] === 0xff) continue;
    const value = number(copy, at, length);
    if (value < 8 ** (length - 1))
      copy.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  }
  // Before 1970: GNU's negative numbers, which it can't read either.
  if (copy[136] === 0xff) copy.write('00000000000\0', 136, 'latin1');
  return withChecksum(copy);
}

/** Schily's star, whose prefix is shorter. */
const isStar = (block: Buffer): boolean => block.toString('latin1', 508, 512) === 'tar\0';
const POSIX = 'ustar\0';
const POSIX_BYTES = Buffer.from(POSIX, 'latin1');
const GNU = 'ustar ';
const UPWARDS = /(?:^|\/)\.\.(?:\/|$)/;

/** Takes `..` out of what an extended header has replaced: nobody is to go by it. */
export function withoutReplaced(
  block: Buffer,
  header: TarHeader,
  replaced: { readonly path?: string | undefined; readonly linkPath?: string | undefined },
): Buffer {
  if (replaced.path === undefined && replaced.linkPath === undefined) return block;
  const copy = Buffer.from(block);
  if (replaced.path !== undefined && UPWARDS.test(header.name))
    copy.fill(0, 0, 100).fill(0, 345).write('x', 0);
  if (replaced.linkPath !== undefined && UPWARDS.test(header.linkName))
    copy.fill(0, 157, 257).write('x', 157);
  return withChecksum(copy);
}

/** A directory entry `./` with mode 0755, root's, of the epoch. */
export function rootEntry(): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write('./', 0, 'latin1');
  block.write('0000755\0' + '0000000\0'.repeat(2) + '00000000000\0'.repeat(2), 100, 'latin1');
  block.write('5', 156, 'latin1');
  block.write(`${POSIX}00`, 257, 'latin1');
  block.write('0000000\0'.repeat(2), 329, 'latin1');
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
  if (block[start] === 0) return '';
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
  // By hand: it is done for seven fields of each of perhaps a million headers.
  const end = start + length;
  let at = start;
  while (at < end && block[at] === SPACE) at++;
  let value = 0;
  for (let digit = digitAt(block, at); at < end && digit >= 0 && digit < 8; digit = digitAt(block, ++at))
    value = value * 8 + digit;
  for (; at < end && block[at] !== 0; at++)
    if (block[at] !== SPACE) throw badLayer('a tar header has a number that is none');
  return value;
}

const SPACE = 0x20;
const digitAt = (block: Buffer, at: number): number => (block[at] ?? 0) - 0x30;
