import { ExtendedHeaders, ZEROS, isExtended } from './extended-header.ts';
import {
  BLOCK,
  badLayer,
  padded,
  readHeader,
  rewriteHeader,
  rootEntry,
  shown,
  withoutReplaced,
} from './header.ts';
import type { TarHeader } from './header.ts';
import { LayerNames } from './layer-names.ts';
import { layerPath, whiteoutOf } from './layer-path.ts';
import type { Extended } from './pax.ts';

export interface LayerLimits {
  readonly entries: number;
  /** Entries of one directory: mkfs.erofs 1.8 looks for each name in a list of those before it. */
  readonly inDirectory: number;
  /** Bytes of the tar, headers included. */
  readonly bytes: number;
}

/** What one layer may be (docs/limits.md); the disk's free space bounds it, too. */
export const LAYER_LIMITS: LayerLimits = { entries: 1_000_000, inDirectory: 50_000, bytes: 64 * 1024 ** 3 };

/** PATH_MAX of linux/limits.h, its NUL not counted. */
const MAX_TARGET = 4095;
/** As many pieces are passed on as they are: large files' data needn't be copied. */
const FEW = 2;
/** Links, devices, directories and pipes: what their header says of a size is not followed by data. */
const WITHOUT_DATA = '123456';

/**
 * Stands between a layer's tar and `mkfs.erofs --tar=f --aufs`, and passes on what is safe there. mkfs.erofs 1.8 takes
 * an archive that ends early for a whole one (or never ends), loses everything after a whiteout that has content,
 * reads past `..`, gives a root without an entry of its own mode 0777, writes a corrupt file system for attributes with
 * long names, crashes over a hard link to the root, and says "Input/output error" of most that it can't take. So:
 *
 * - a `./` entry comes first, and the archive ends where its end mark is, or else cleanly between two entries;
 * - `..` in names and link targets, a bare `.wh.`, sparse files and overlayfs's own xattrs are refused, and so are
 *   entries beneath something else than a directory, hard links to what isn't in the layer before them, and whatever
 *   could be read in two ways;
 * - whiteouts become empty files; one whose name is in the same layer goes (it speaks of lower layers only,
 *   OCI image-spec v1.1, layer.md), and so do aufs's own files and entries of unknown types;
 * - the number of entries, in all and in a directory, and the total size are bounded.
 */
export class LayerTarFilter {
  readonly #limits: LayerLimits;
  readonly #names: LayerNames;
  readonly #before = new ExtendedHeaders();
  /** Part of a header block. */
  #partial: Buffer = Buffer.alloc(0);
  #body = { left: 0, pass: true };
  #zeroBlocks = 0;
  #started = false;
  #entries = 0;
  #bytes = 0;
  #fileBytes = 0;

  constructor(limits: LayerLimits = LAYER_LIMITS) {
    this.#limits = limits;
    this.#names = new LayerNames(limits.inDirectory);
  }

  /** Sum of the sizes of the regular files so far, in bytes: what Docker calls a layer's size. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /**
   * Takes the next bytes of the archive, gives what is to be passed on, in few pieces: a layer of many small files would
   * otherwise be as many small writes. @throws EngineError
   */
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
    const pieces = joined(out);
    return pieces.length <= FEW ? pieces : [Buffer.concat(pieces)];
  }

  /** The end of the input. @throws EngineError if the archive isn't whole */
  end(): Buffer[] {
    if (this.#partial.length > 0 || this.#body.left > 0 || this.#before.pending)
      throw badLayer('its tar archive ends too early');
    return this.#started ? [ZEROS] : [rootEntry(), ZEROS];
  }

  #takeBody(chunk: Buffer, at: number, out: Buffer[]): number {
    const part = chunk.subarray(at, at + this.#body.left);
    this.#body.left -= part.length;
    if (this.#before.reading) this.#before.data(part);
    else if (this.#body.pass) out.push(part);
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
    if (isExtended(header.type)) {
      this.#body = { left: this.#before.begin(header, block), pass: false };
      return;
    }
    const { extended, blocks } = this.#before.take();
    const named: TarHeader = {
      ...header,
      name: extended.path ?? header.name,
      linkName: extended.linkPath ?? header.linkName,
    };
    const size = WITHOUT_DATA.includes(header.type) ? 0 : (extended.size ?? header.size);
    if (size > this.#limits.bytes)
      throw badLayer(`${shown(named.name)} has ${size} bytes, a layer at most ${this.#limits.bytes}`);
    const rewritten = this.#entry(named, withoutReplaced(block, header, extended), size, extended);
    this.#body = { left: padded(size), pass: rewritten !== undefined && rewritten.data };
    if (rewritten !== undefined) out.push(...blocks, rewritten.block);
  }

  /** The header block to pass on, and whether the data follows it; undefined: the entry is left out. */
  #entry(
    header: TarHeader,
    block: Buffer,
    size: number,
    extended: Extended,
  ): { block: Buffer; data: boolean } | undefined {
    const { name, type } = header;
    if (type === 'S' || extended.keys.some((key) => key.startsWith('GNU.sparse.'))) {
      throw badLayer(`${shown(name)} is a sparse file, which is not supported`);
    }
    const parts = layerPath(name);
    const whiteout = whiteoutOf(parts);
    const isFile = type === '0';
    // mkfs.erofs would go by the extended header's size, and take what follows for data, or data for what follows.
    if ((!isFile || whiteout !== undefined || name.endsWith('/')) && (extended.size ?? 0) > 0) {
      throw badLayer(`${shown(name)} has a size, and is no file`);
    }
    if (whiteout !== undefined) {
      if (whiteout.kind === 'ignore') return undefined;
      const path = whiteout.kind === 'file' ? whiteout.path : parts.join('/');
      this.#names.checkAbove(path);
      if (whiteout.kind === 'file') {
        if (this.#names.kindOf(path) !== undefined) return undefined;
        this.#names.add(path, 'whiteout');
      }
      return { block: rewriteHeader(block, '0', 0), data: false };
    }
    if (!isFile && !WITHOUT_DATA.includes(type)) return undefined;
    const isDirectory = type === '5' || (isFile && name.endsWith('/'));
    if (parts.length === 0 && !isDirectory) throw badLayer('its root is not a directory');
    this.#checkTarget(header, parts.join('/'));
    this.#names.add(parts.join('/'), isDirectory ? 'directory' : 'other');
    if (isFile && isDirectory) return { block: rewriteHeader(block, '5', 0), data: false };
    if (isFile) this.#fileBytes += size;
    return { block: rewriteHeader(block, type, size), data: true };
  }

  #checkTarget({ name, type, linkName }: TarHeader, path: string): void {
    if (type === '2' && (linkName === '' || linkName.length > MAX_TARGET || linkName.includes('\0')))
      throw badLayer(`the symbolic link ${shown(name)} has no target, or too long a one`);
    if (type !== '1') return;
    const target = layerPath(linkName).join('/');
    const kind = target === path ? undefined : this.#names.kindOf(target);
    const link = `the hard link ${shown(name)} to ${shown(linkName)}`;
    if (kind === 'directory') throw badLayer(`${link} is one to a directory`);
    if (kind !== 'other') throw badLayer(`${link} is one to a file that isn't in the layer before it`);
  }
}

/** Pieces that lie one behind the other in memory become one: most of a layer passes as it came. */
function joined(pieces: readonly Buffer[]): Buffer[] {
  const out: Buffer[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    const follows =
      last !== undefined &&
      last.buffer === piece.buffer &&
      last.byteOffset + last.length === piece.byteOffset;
    if (follows) out[out.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + piece.length);
    else out.push(piece);
  }
  return out;
}
