import { BLOCK, badLayer, padded, rewriteHeader } from './header.ts';
import type { TarHeader } from './header.ts';
import { readPax } from './pax.ts';
import type { Extended } from './pax.ts';

const MAX_EXTENDED = 1024 * 1024;

export const isExtended = (type: string): boolean => 'xgLK'.includes(type);

/**
 * Gathers the extended headers before an entry: at most one of each kind, and at most one that names it. Readers differ
 * in which of several they go by, and whoever checks would have checked another than the one that is used.
 */
export class ExtendedHeaders {
  #open:
    | { readonly header: TarHeader; readonly block: Buffer; readonly body: Buffer; filled: number }
    | undefined;
  #blocks: Buffer[] = [];
  #kinds = '';
  #extended: Extended = { keys: [] };

  /** Whether one has begun whose data isn't there yet, or one waits for its entry. */
  get pending(): boolean {
    return this.#open !== undefined || this.#kinds !== '';
  }

  /** Whether what comes next in the archive belongs to one. */
  get reading(): boolean {
    return this.#open !== undefined;
  }

  /** @returns how many bytes of data follow, padding included @throws EngineError */
  begin(header: TarHeader, block: Buffer): number {
    if (header.size > MAX_EXTENDED) throw badLayer('an extended tar header is too large');
    if (header.type !== 'g' && this.#kinds.includes(header.type))
      throw badLayer('an entry has two extended headers of one kind');
    const size = padded(header.size);
    this.#open = {
      header,
      // A copy: the memory that it came in may be used again before its entry comes.
      block: Buffer.from(rewriteHeader(block, header.type, header.size)),
      body: Buffer.alloc(size),
      filled: 0,
    };
    if (size === 0) this.#finish();
    return size;
  }

  data(part: Buffer): void {
    if (this.#open === undefined) return;
    part.copy(this.#open.body, this.#open.filled);
    this.#open.filled += part.length;
    if (this.#open.filled === this.#open.body.length) this.#finish();
  }

  /** What was said of the entry that comes now, and the blocks that said it. */
  take(): { readonly extended: Extended; readonly blocks: readonly Buffer[] } {
    const taken = { extended: this.#extended, blocks: this.#blocks };
    this.#blocks = [];
    this.#kinds = '';
    this.#extended = { keys: [] };
    return taken;
  }

  #finish(): void {
    if (this.#open === undefined) return;
    const { header, block, body } = this.#open;
    this.#open = undefined;
    const data = body.subarray(0, header.size);
    if (header.type === 'g') {
      // A global header's names and sizes would hold for every entry that follows: nobody writes such layers.
      if (readPax(data).keys.some((key) => key !== 'comment')) throw badLayer('it has a global pax header');
      return;
    }
    this.#extended = this.#merged(header.type, data);
    this.#kinds += header.type;
    this.#blocks.push(block, body);
  }

  #merged(type: string, data: Buffer): Extended {
    const before = this.#extended;
    if (type === 'x') {
      const records = readPax(data);
      if (records.path !== undefined && before.path !== undefined) throw badLayer('an entry has two names');
      if (records.linkPath !== undefined && before.linkPath !== undefined)
        throw badLayer('an entry has two link targets');
      return { ...records, path: records.path ?? before.path, linkPath: records.linkPath ?? before.linkPath };
    }
    const end = data.indexOf(0);
    const long = data.toString('latin1', 0, end === -1 ? data.length : end);
    if ((type === 'L' ? before.path : before.linkPath) !== undefined)
      throw badLayer(type === 'L' ? 'an entry has two names' : 'an entry has two link targets');
    return type === 'L' ? { ...before, path: long } : { ...before, linkPath: long };
  }
}

/** Blocks of zeros: an archive's end. */
export const ZEROS = Buffer.alloc(2 * BLOCK);
