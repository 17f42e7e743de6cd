import { BadLayer, BLOCK, rootEntry } from '../../../src/engine/images/tar/header.ts';
import { LayerTarFilter } from '../../../src/engine/images/tar/layer-filter.ts';
import { directory, file, hardlink, opaque, symlink, whiteout } from '../../helpers/images/entries.ts';
import { layerTar } from '../../helpers/images/layer-tar.ts';
import { mutated, mutatedTar } from './mutate.ts';
import type { Random } from './random.ts';
import type { Target } from './target.ts';

const SEEDS = [
  layerTar([
    directory('etc'),
    file('etc/issue', 'x'.repeat(700)),
    symlink('s', '../../up'),
    hardlink('h', 'etc/issue'),
    file('etc/issue', 'again'),
  ]),
  layerTar([
    file(`${'d'.repeat(150)}/${'e'.repeat(200)}`, 'long'),
    file('k', 'z', { xattrs: new Map([['user.k', Buffer.from('v')]]) }),
    directory('dir'),
    opaque('dir'),
    whiteout('dir/gone'),
    { ...file('null', ''), type: 'char', devMajor: 1, devMinor: 3 },
  ]),
];

/** What the filter passes on, or its complaint. @throws anything else that it throws */
export function filtered(input: Buffer, pieces: (left: number) => number): Buffer | string {
  const filter = new LayerTarFilter({ inDirectory: 1000, entries: 1000, bytes: 1024 ** 2 });
  const out: Buffer[] = [];
  try {
    for (let at = 0; at < input.length;) {
      const piece = input.subarray(at, at + pieces(input.length - at));
      out.push(...filter.push(piece));
      at += piece.length;
    }
    return Buffer.concat([...out, ...filter.end()]);
  } catch (error) {
    if (error instanceof BadLayer) return error.reason;
    throw error;
  }
}

export const mutatedLayer = (random: Random): Buffer =>
  (random.chance(80) ? mutatedTar : mutated)(random, random.pick(SEEDS), SEEDS);

/** The tar reader: whatever it lets through is safe, the same in whatever pieces it comes, and final. */
export const tarTarget: Target = {
  name: 'tar',
  make: mutatedLayer,
  check: (input, random) => {
    const whole = filtered(input, (left) => left);
    const inPieces = filtered(input, (left) => 1 + random.below(Math.min(left, 700)));
    if (typeof whole === 'string' || typeof inPieces === 'string') {
      return whole === inPieces
        ? undefined
        : `in pieces: ${String(inPieces).slice(0, 100)}, as a whole: ${String(whole).slice(0, 100)}`;
    }
    if (!whole.equals(inPieces)) return 'it is another archive in pieces';
    const again = filtered(whole, (left) => left);
    const expected = Buffer.concat([rootEntry(), whole]);
    if (typeof again === 'string') return `what was let through is refused: ${again}`;
    if (!again.equals(expected)) return 'what was let through is changed again';
    return escaping(whole);
  },
};

/** Reads the plain headers on its own. @returns what leaves the layer */
function escaping(tar: Buffer): string | undefined {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const field = (start: number, length: number) =>
      tar.toString('latin1', at + start, at + start + length).split('\0')[0] ?? '';
    const type = field(156, 1);
    const size = Number.parseInt(field(124, 12).trim() || '0', 8);
    if (field(0, 1) === '' && type === '') return undefined; // the end
    if (!'xLK012345 6'.includes(type)) return `an entry of type "${type}"`;
    const names = 'xLK'.includes(type) ? [] : [field(0, 100), ...(type === '1' ? [field(157, 100)] : [])];
    const bad = names.find((name) => name.split('/').includes('..'));
    if (bad !== undefined) return `"${bad}"`;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return 'no end';
}
