import type { Random } from './random.ts';

const BLOCK = 512;
const ODD_BYTES = [0, 0x20, 0x2e, 0x2f, 0x30, 0x37, 0x7f, 0x80, 0xff] as const;

/** One to four changes anywhere: bits, bytes, pieces removed, doubled, put elsewhere or taken from another input. */
export function mutated(random: Random, input: Buffer, others: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = change(random, bytes, others);
  return bytes;
}

function change(random: Random, bytes: Buffer, others: readonly Buffer[]): Buffer {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(random.chance(50) ? 8 : Math.max(1, bytes.length));
  const piece = bytes.subarray(at, at + length);
  switch (random.below(6)) {
    case 0: {
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    }
    case 1: {
      if (at < bytes.length) bytes[at] = random.pick(ODD_BYTES);
      return bytes;
    }
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), piece, piece, bytes.subarray(at + length)]);
    case 4:
      return Buffer.concat([piece, bytes.subarray(0, at), bytes.subarray(at + length)]);
    default: {
      const other = random.pick(others);
      const from = random.below(other.length + 1);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at)]);
    }
  }
}

/** Text fields of a tar header, and what is put there. */
const FIELDS = [
  [0, 100],
  [100, 8],
  [108, 8],
  [124, 12],
  [136, 12],
  [156, 1],
  [157, 100],
  [257, 6],
  [329, 8],
  [345, 155],
] as const;
const VALUES = [
  '',
  '..',
  '../x',
  '/',
  './',
  'etc',
  'etc/',
  'etc/issue',
  '/etc/issue',
  '.wh.etc',
  'etc/.wh..wh..opq',
  '.wh..wh.x/y',
  'a\0b',
  '0',
  '1',
  '2',
  '3',
  '5',
  '7',
  'x',
  'g',
  'L',
  'K',
  'S',
  '00000000000',
  '00000001000',
  '77777777777',
  '\x80\0\0\0\0\0\0\0\0\0\0\x05',
  '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
] as const;

/** A tar archive with its blocks shuffled and its headers' fields changed; most checksums are made right again. */
export function mutatedTar(random: Random, input: Buffer, others: readonly Buffer[]): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < input.length; at += BLOCK) blocks.push(Buffer.from(input.subarray(at, at + BLOCK)));
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(blocks.length);
    const block = blocks[at];
    if (block === undefined) break;
    const other = random.pick(others);
    const from = BLOCK * random.below(Math.max(1, other.length / BLOCK));
    switch (random.below(6)) {
      case 0: {
        blocks.splice(at, 1);
        break;
      }
      case 1: {
        blocks.splice(random.below(blocks.length), 0, Buffer.from(block));
        break;
      }
      case 2: {
        blocks.splice(at, 0, Buffer.from(other.subarray(from, from + BLOCK * (1 + random.below(4)))));
        break;
      }
      case 3: {
        blocks[at] = mutated(random, block, others);
        break;
      }
      default: {
        if (block.length < BLOCK) break; // another change has cut it
        const [start, length] = random.pick(FIELDS);
        if (random.chance(70)) block.fill(0, start, start + length);
        block.write(random.pick(VALUES).slice(0, length), start, 'latin1');
      }
    }
  }
  const bytes = Buffer.concat(blocks);
  if (random.chance(90)) rightChecksums(bytes);
  return bytes;
}

/** Wherever `ustar` stands as it does in headers. */
function rightChecksums(bytes: Buffer): void {
  for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
}

const ODD_VALUES = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  1e308,
  '',
  'x',
  '..',
  'sha256:../../x',
  [],
  {},
  [[]],
  { digest: 1 },
] as const;

/** A JSON document with one to three of its values replaced, removed or doubled. */
export function mutatedJson(random: Random, input: Buffer): Buffer {
  const document: unknown = JSON.parse(input.toString('utf8'));
  for (let changes = 1 + random.below(3); changes > 0; changes--) changeValue(random, document);
  let text = JSON.stringify(document);
  if (random.chance(10)) text = text.replace('{', '{"layers":[],"rootfs":{},');
  return Buffer.from(text);
}

function changeValue(random: Random, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const entries = value as Record<string, unknown>;
  const keys = Object.keys(entries);
  if (keys.length === 0) return;
  const key = random.pick(keys);
  if (random.chance(60) && typeof entries[key] === 'object') return changeValue(random, entries[key]);
  const kind = random.below(4);
  if (kind === 0) delete entries[key];
  else if (kind === 1)
    entries[random.pick(['__proto__x', 'config', 'layers', 'manifests', 'x'])] = structuredClone(
      entries[key],
    );
  else entries[key] = structuredClone(random.pick(ODD_VALUES));
}
