import { BLOCK, badLayer, padded, readHeader, rewriteHeader, rootEntry } from './header.ts';
import type { TarHeader } from './header.ts';
import { NameSet, layerPath, whiteoutOf } from './layer-path.ts';
import { readPax } from './pax.ts';
import type { Extended } from './pax.ts';

export interface LayerLimits {
  readonly entries: number;
  /** Bytes of the tar, headers included. */
  readonly bytes: number;
}

export const LAYER_LIMITS: LayerLimits = { entries: 1_000_000, bytes: 64 * 1024 ** 3 };

const MAX_EXTENDED = 1024 * 1024;
const ZEROS = Buffer.alloc(2 * BLOCK);
/** Links, devices, directories and pipes: what their header says of a size is not followed by data. */
const WITHOUT_DATA = '123456';

/**
 * Stands between a layer's tar and `mkfs.erofs --tar=f --aufs`, and passes on what is safe there. mkfs.erofs 1.8 takes
 * an archive that ends early for a whole one (or never ends), loses everything after a whiteout that has content,
 * reads past `..`, and gives a root without an entry of its own mode 0777. So:
 *
 * - a `./` entry comes first, and the archive ends where its end mark is, or else cleanly between two entries;
 * - `..` in names and link targets, a bare `.wh.`, sparse files and overlayfs's own xattrs are refused;
 * - whiteouts become empty files; one whose name is in the same layer goes (it speaks of lower layers only,
 *   OCI image-spec v1.1, layer.md), and so do aufs's own files and entries of unknown types;
 * - the number of entries and the total size are bounded.
 */
export class LayerTarFilter {
  readonly #limits: LayerLimits;
  readonly #names = new NameSet();
  /** Part of a header block, or a held back extended header with its data. */
  #partial: Buffer = Buffer.alloc(0);
  #extended: { header: TarHeader; block: Buffer; body: Buffer[]; missing: number } | undefined;
  #held: Buffer[] = [];
  #next: Extended = { keys: [] };
  #body = { left: 0, pass: true };
  #zeroBlocks = 0;
  #started = false;
  #entries = 0;
  #bytes = 0;
  #fileBytes = 0;

  constructor(limits: LayerLimits = LAYER_LIMITS) {
    this.#limits = limits;
  }

  /** Sum of the sizes of the regular files so far, in bytes: what Docker calls a layer's size. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Takes the next bytes of the archive, gives what is to be passed on. @throws EngineError */
  push(chunk: Buffer): Buffer[] {
    const out: Buffer[] = [];
    if (!this.#started) {
      this.#started = true;
      out.push(rootEntry());
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.bytes) throw badLayer(`it is larger than ${this.#limits.bytes} bytes`);
    let at = 0;
    while (at < chunk.length && this.#zeroBlocks < 2) {
      at += this.#body.left > 0 ? this.#takeBody(chunk, at, out) : this.#takeHeader(chunk, at, out);
    }
    return out;
  }

  /** The end of the input. @throws EngineError if the archive isn't whole */
  end(): Buffer[] {
    const inside = this.#partial.length > 0 || this.#body.left > 0 || this.#held.length > 0;
    if (inside || this.#extended !== undefined) throw badLayer('its tar archive ends too early');
    return this.#started ? [ZEROS] : [rootEntry(), ZEROS];
  }

  #takeBody(chunk: Buffer, at: number, out: Buffer[]): number {
    const part = chunk.subarray(at, at + this.#body.left);
    this.#body.left -= part.length;
    if (this.#extended !== undefined) {
      this.#extended.body.push(Buffer.from(part));
      if (this.#body.left === 0) this.#finishExtended();
    } else if (this.#body.pass) {
      out.push(part);
    }
    return part.length;
  }

  #takeHeader(chunk: Buffer, at: number, out: Buffer[]): number {
    const part = chunk.subarray(at, at + BLOCK - this.#partial.length);
    const block = this.#partial.length === 0 ? part : Buffer.concat([this.#partial, part]);
    if (block.length < BLOCK) {
      this.#partial = Buffer.from(block);
      return part.length;
    }
    this.#partial = Buffer.alloc(0);
    if (block.equals(ZEROS.subarray(0, BLOCK))) {
      this.#zeroBlocks++;
    } else {
      if (this.#zeroBlocks > 0) throw badLayer('its tar archive has a lone zero block');
      this.#header(block, out);
    }
    return part.length;
  }

  #header(block: Buffer, out: Buffer[]): void {
    const header = readHeader(block);
    if (++this.#entries > this.#limits.entries)
      throw badLayer(`it has more than ${this.#limits.entries} entries`);
    if ('xgLK'.includes(header.type)) {
      if (header.size > MAX_EXTENDED) throw badLayer('an extended tar header is too large');
      this.#extended = { header, block: Buffer.from(block), body: [], missing: header.size };
      this.#body = { left: padded(header.size), pass: false };
      if (header.size === 0) this.#finishExtended();
      return;
    }
    const held = this.#held;
    const extended = this.#next;
    this.#held = [];
    this.#next = { keys: [] };
    const size = WITHOUT_DATA.includes(header.type) ? 0 : (extended.size ?? header.size);
    const rewritten = this.#entry(header, block, size, extended);
    this.#body = { left: padded(size), pass: rewritten !== undefined && rewritten.data };
    if (rewritten !== undefined) out.push(...held, rewritten.block);
  }

  /** The header block to pass on, and whether the data follows it; undefined: the entry is left out. */
  #entry(
    header: TarHeader,
    block: Buffer,
    size: number,
    extended: Extended,
  ): { block: Buffer; data: boolean } | undefined {
    if (header.type === 'S' || extended.keys.some((key) => key.startsWith('GNU.sparse.'))) {
      throw badLayer('it has a sparse file in it, which is not supported');
    }
    if (extended.keys.some((key) => /^(?:SCHILY|LIBARCHIVE)\.xattr\.trusted\.overlay\./.test(key))) {
      throw badLayer('it sets extended attributes of overlayfs');
    }
    const name = extended.path ?? header.name;
    const parts = layerPath(name);
    if (header.type === '1') layerPath(extended.linkPath ?? header.linkName);
    const whiteout = whiteoutOf(parts);
    if (whiteout !== undefined) {
      if (whiteout.kind === 'ignore') return undefined;
      if (whiteout.kind === 'file' && this.#names.has(whiteout.path)) return undefined;
      if (extended.size !== undefined && extended.size > 0) throw badLayer('a whiteout has content');
      return { block: rewriteHeader(block, '0', 0), data: false };
    }
    if (!`0${WITHOUT_DATA}`.includes(header.type)) return undefined;
    this.#names.add(parts.join('/'));
    if (header.type === '0' && name.endsWith('/'))
      return { block: rewriteHeader(block, '5', 0), data: false };
    if (header.type === '0') this.#fileBytes += size;
    const same =
      block.toString('latin1', 156, 157) === header.type && (header.size === size || extended.size === size);
    return { block: same ? Buffer.from(block) : rewriteHeader(block, header.type, size), data: true };
  }

  #finishExtended(): void {
    if (this.#extended === undefined) return;
    const { header, block, body, missing } = this.#extended;
    this.#extended = undefined;
    const data = Buffer.concat(body).subarray(0, missing);
    if (header.type === 'x' || header.type === 'g') {
      const records = readPax(data);
      if (header.type === 'g') {
        // A global header's names and sizes would hold for every entry that follows: nobody writes such layers.
        if (records.keys.some((key) => key !== 'comment')) throw badLayer('it has a global pax header');
        return;
      }
      this.#next = {
        ...records,
        path: records.path ?? this.#next.path,
        linkPath: records.linkPath ?? this.#next.linkPath,
      };
    } else {
      const end = data.indexOf(0);
      const long = data.toString('latin1', 0, end === -1 ? data.length : end);
      this.#next = header.type === 'L' ? { ...this.#next, path: long } : { ...this.#next, linkPath: long };
    }
    this.#held.push(block, ...body);
  }
}
