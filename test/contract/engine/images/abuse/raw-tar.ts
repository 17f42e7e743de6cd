import type { TarEntry } from '../../../../../src/image-builder/tar/entry.ts';
import { file } from '../../../../helpers/images/entries.ts';
import { layerTar } from '../../../../helpers/images/layer-tar.ts';

const BLOCK = 512;
export const END = Buffer.alloc(2 * BLOCK);

/** Entries without an archive's end, to be put together with what isn't right. */
export const pieces = (...entries: readonly TarEntry[]): Buffer => layerTar(entries).subarray(0, -END.length);

/** Changes bytes of an archive's first header and makes its checksum right again: [position, bytes as latin1]. */
export function forged(tar: Buffer, ...changes: readonly (readonly [at: number, bytes: string])[]): Buffer {
  const copy = Buffer.from(tar);
  for (const [at, bytes] of changes) copy.write(bytes, at, 'latin1');
  copy.fill(' ', 148, 156);
  const sum = copy.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

/** An extended header: `x` and `g` for pax, `L` and `K` for GNU's long names. */
export const extended = (type: string, content: string): Buffer =>
  forged(pieces(file('ext', Buffer.from(content, 'latin1'))), [156, type]);

/** A pax record with its length. */
export function record(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return `${length}${body}`;
}

export const paxHeader = (records: Readonly<Record<string, string>>): Buffer =>
  extended(
    'x',
    Object.entries(records)
      .map(([key, value]) => record(key, value))
      .join(''),
  );
