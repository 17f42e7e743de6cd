import { BadLayer } from '../../../src/engine/images/tar/header.ts';
import { LAYER_LIMITS, LayerTarFilter } from '../../../src/engine/images/tar/layer-filter.ts';
import { file } from '../../helpers/images/entries.ts';
import { layerTar } from '../../helpers/images/layer-tar.ts';

const ENTRIES = 10_000_000;
const AT_ONCE = 1000;
const BLOCK = 512;

export interface Endured {
  /** What the reader said in the end. */
  readonly said: string;
  readonly entries: number;
  readonly ms: number;
  /** MiB that the process grew by. */
  readonly grown: number;
}

/** A layer of ten million empty files with names of their own, ten thousand in a directory, made while it is read. */
export function readManyEntries(): Endured {
  const before = process.memoryUsage.rss();
  const started = performance.now();
  const filter = new LayerTarFilter(LAYER_LIMITS);
  const template = layerTar([file('0000/0000', '')]).subarray(0, BLOCK);
  const sum = template.reduce((total, byte) => total + byte, 0);
  let said = 'nothing';
  let entries = 0;
  try {
    while (entries < ENTRIES) {
      const chunk = Buffer.alloc(AT_ONCE * BLOCK);
      for (let at = 0; at < chunk.length; at += BLOCK)
        nextHeader(chunk.subarray(at, at + BLOCK), template, sum, entries++);
      filter.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof BadLayer)) throw error;
    said = error.reason;
  }
  const grown = Math.round((process.memoryUsage.rss() - before) / 1024 ** 2);
  return { said, entries, ms: Math.round(performance.now() - started), grown };
}

/** The template with a number in its name; of the checksum only what the digits change is counted. */
function nextHeader(block: Buffer, template: Buffer, sumOfTemplate: number, number: number): void {
  const digits = String(number).padStart(8, '0');
  template.copy(block);
  block.write(`${digits.slice(0, 4)}/${digits.slice(4)}`, 0, 'latin1');
  let sum = sumOfTemplate;
  for (let at = 148; at < 156; at++) sum += 0x20 - (template[at] ?? 0);
  for (const digit of digits) sum += Number(digit);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
