import { WherryError } from '../../core/errors.ts';
import { parseSize } from '../../core/units.ts';

/** `2048` (in `bare` units: m or g), `2g`, `512MiB` → MiB. @throws WherryError USAGE */
export function parseMebibytes(text: string, flag: string, bare: 'm' | 'g' = 'm'): number {
  const bytes = parseSize(/^\d+(\.\d+)?$/.test(text.trim()) ? `${text.trim()}${bare}` : text);
  if (bytes === undefined || bytes < 2 ** 20) {
    throw new WherryError({
      code: 'USAGE',
      message: `invalid argument "${text}" for "${flag}" flag: not a size`,
      hint: `Examples:  ${flag} 2048   ${flag} 4g`,
      bare: true,
    });
  }
  return Math.floor(bytes / 2 ** 20);
}

/** A disk's size in whole GiB, rounded up: `40`, `40g`, `500MiB` (1). @throws WherryError USAGE */
export function parseGibibytes(text: string, flag: string): number {
  return Math.ceil(parseMebibytes(text, flag, 'g') / 1024);
}
