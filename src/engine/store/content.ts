import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.ts';
import { killOrphansOf } from '../sys/orphans.ts';
import { commitFile } from './durable.ts';
import { Partials } from './partials.ts';

/**
 * The store's files. Below the data directory: `blobs/sha256/HEX` (manifests, configs, layers as they came),
 * `layers/HEX.erofs` (by diffID), `ingest/` (what is under way; emptied at every start) and `partial/HEX` (downloads that
 * can go on after one).
 */
export class ContentStore {
  readonly ingest: string;
  readonly partials: Partials;
  readonly #blobs: string;
  readonly #layers: string;

  private constructor(root: string) {
    this.#blobs = join(root, 'blobs', 'sha256');
    this.#layers = join(root, 'layers');
    this.ingest = join(root, 'ingest');
    this.partials = new Partials(join(root, 'partial'));
  }

  /** Synchronous, like {@link sizeNow} and {@link sweep}: at an engine's start nobody else has anything to do. */
  static open(root: string): ContentStore {
    const store = new ContentStore(root);
    // Looking at all processes takes its time: only where something was under way.
    if (existsSync(store.ingest) && readdirSync(store.ingest).length > 0) killOrphansOf(store.ingest);
    rmSync(store.ingest, { recursive: true, force: true });
    for (const directory of [store.#blobs, store.#layers, store.ingest]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    }
    return store;
  }

  blobFile(digest: string): string {
    return join(this.#blobs, hexOf(digest));
  }

  layerFile(diffId: string): string {
    return join(this.#layers, `${hexOf(diffId)}.erofs`);
  }

  /** A small, verified document. Where it can't be stored (a full disk), nothing of it stays. */
  async putDocument(digest: string, bytes: Buffer): Promise<void> {
    const temporary = join(this.ingest, randomUUID());
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await commitFile(temporary, this.blobFile(digest));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Synchronous, for lookups in the middle of others: configs are a few KiB. @throws ENOENT */
  readDocument(digest: string): Buffer {
    return readFileSync(this.blobFile(digest));
  }

  /** Moves a converted layer's files in, for good. */
  async putLayer(
    files: { blobFile: string; erofsFile: string; digest: string },
    diffId: string,
  ): Promise<number> {
    const { size } = await stat(files.erofsFile);
    await commitFile(files.blobFile, this.blobFile(files.digest));
    await commitFile(files.erofsFile, this.layerFile(diffId));
    return size;
  }

  /** Moves a layer's blob in, for good. */
  async putBlob(file: string, digest: string): Promise<void> {
    await commitFile(file, this.blobFile(digest));
  }

  async removeLayer(diffId: string): Promise<void> {
    await rm(this.layerFile(diffId), { force: true });
  }

  async removeBlob(digest: string): Promise<void> {
    await rm(this.blobFile(digest), { force: true });
  }

  /** A file's size in bytes, or undefined if it isn't there. */
  async sizeOf(file: string): Promise<number | undefined> {
    try {
      return (await stat(file)).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  sizeNow(file: string): number | undefined {
    return statSync(file, { throwIfNoEntry: false })?.size;
  }

  /** Removes files that the metadata doesn't name: between their rename and the commit came a crash or an error. */
  sweep(known: { blobs: ReadonlySet<string>; layers: ReadonlySet<string> }): void {
    for (const name of readdirSync(this.#blobs)) {
      if (!known.blobs.has(`sha256:${name}`)) rmSync(join(this.#blobs, name), { force: true });
    }
    for (const name of readdirSync(this.#layers)) {
      if (!known.layers.has(`sha256:${name.replace(/\.erofs$/, '')}`))
        rmSync(join(this.#layers, name), { force: true });
    }
  }
}

/** @throws EngineError for any other algorithm: image-spec's registered sha512 is not used by any registry that we know */
function hexOf(digest: string): string {
  const match = /^sha256:([a-f0-9]{64})$/.exec(digest);
  if (match?.[1] === undefined) throw new EngineError('system', `unsupported digest ${digest}`);
  return match[1];
}
