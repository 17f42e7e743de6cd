/** One member of an archive. Owner is root, the time the epoch, unless said otherwise. */
export interface UstarMember {
  /** UTF-8; at most 100 bytes, or 255 where a slash cuts it into two parts of at most 155 and 100. */
  readonly name: string;
  /** Default `file`. */
  readonly type?: 'file' | 'directory' | 'symlink';
  readonly content?: Uint8Array | string;
  /** Permission bits. Default 0644, for directories 0755. */
  readonly mode?: number;
  readonly linkname?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since the epoch. */
  readonly mtime?: number;
}

const BLOCK = 512;
const TYPE_FLAGS = { file: '0', symlink: '2', directory: '5' } as const;

/**
 * A ustar archive (POSIX.1-2017, pax, "ustar Interchange Format"): the members in the given order, two blocks of zeros,
 * then zeros up to a multiple of `padTo` bytes (default 10240, tar's record). The same members give the same bytes.
 * @throws RangeError for a name, a link or a number that the format has no room for
 */
export function ustarArchive(members: readonly UstarMember[], padTo = 10_240): Buffer {
  const parts: Buffer[] = [];
  let total = 2 * BLOCK;
  for (const member of members) {
    const content = Buffer.from((member.content ?? '') as string);
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    parts.push(header(member, content.length), content, padding);
    total += BLOCK + content.length + padding.length;
  }
  const end = Math.ceil(total / padTo) * padTo - total + 2 * BLOCK;
  return Buffer.concat([...parts, Buffer.alloc(end)]);
}

function header(member: UstarMember, size: number): Buffer {
  const type = member.type ?? 'file';
  if (type !== 'file' && size > 0) throw new RangeError(`"${member.name}" is no file and has content.`);
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitName(member.name);
  const link = Buffer.from(member.linkname ?? '');
  if (link.length > 100) throw new RangeError(`The link target of "${member.name}" is too long for ustar.`);
  name.copy(block, 0);
  octal(block, 100, 8, member.mode ?? (type === 'directory' ? 0o755 : 0o644), member.name);
  octal(block, 108, 8, member.uid ?? 0, member.name);
  octal(block, 116, 8, member.gid ?? 0, member.name);
  octal(block, 124, 12, size, member.name);
  octal(block, 136, 12, member.mtime ?? 0, member.name);
  block.fill(' ', 148, 156);
  block.write(TYPE_FLAGS[type], 156, 'latin1');
  link.copy(block, 157);
  block.write('ustar\u{0}00', 257, 'latin1');
  octal(block, 329, 8, 0, member.name);
  octal(block, 337, 8, 0, member.name);
  prefix.copy(block, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(block: Buffer, at: number, width: number, value: number, name: string): void {
  const digits = value.toString(8).padStart(width - 1, '0');
  if (!Number.isSafeInteger(value) || value < 0 || digits.length >= width)
    throw new RangeError(`"${name}" has a number that ustar can't hold: ${value}.`);
  block.write(digits, at, 'latin1');
}

function splitName(name: string): [prefix: Buffer, name: Buffer] {
  const bytes = Buffer.from(name);
  if (bytes.length === 0) throw new RangeError('An archive member needs a name.');
  if (bytes.length <= 100) return [Buffer.alloc(0), bytes];
  for (let cut = bytes.length - 101; cut <= 155 && cut < bytes.length - 1; cut += 1)
    if (bytes[cut] === 0x2f && cut > 0) return [bytes.subarray(0, cut), bytes.subarray(cut + 1)];
  throw new RangeError(`"${name}" is too long for ustar.`);
}
