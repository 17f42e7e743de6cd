import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { EngineError } from '../errors.ts';
import { hasCode } from '../sys/errno.ts';
import { removeUnfinished, writeDurably } from './durable.ts';
import { Reserve } from './reserve.ts';

/** A layer that is in the store: `layers/HEX.erofs` by diffID, and the blob that it came from. */
const layerRecord = z.object({
  /** Bytes of the EROFS file: what a crash may have torn has another length. */
  erofsSize: z.number(),
  /** Bytes of the regular files in it. */
  size: z.number(),
  blob: z.string(),
  blobSize: z.number(),
  compression: z.enum(['none', 'gzip', 'zstd']),
  /** The blob was given up, or torn: the layer works, and has to be fetched to be pushed or saved. */
  blobGone: z.literal(true).optional(),
  /** The repositories that had the blob when it was given up: the names that told of them may go. */
  sources: z.array(z.string()).optional(),
  /** The EROFS file was torn, and is to be made again, from the blob. */
  torn: z.literal(true).optional(),
});

const imageRecord = z.object({
  /** diffIDs, bottom first. */
  layers: z.array(z.string()),
  /** Manifests and indexes through which the image came, kept as blobs. */
  manifests: z.array(z.string()),
  /** Milliseconds since the epoch. */
  lastTagged: z.number(),
  /** The id of the image that it was made of, here; that one may be gone. */
  parent: z.string().optional(),
});

const document = z.object({
  version: z.literal(1),
  /** By id: `sha256:` + the digest of the config. */
  images: z.record(z.string(), imageRecord),
  layers: z.record(z.string(), layerRecord),
  /** `docker.io/library/busybox:latest` and `docker.io/library/busybox@sha256:…` → image id. */
  references: z.record(z.string(), z.string()),
});

export type LayerRecord = z.infer<typeof layerRecord>;
export type ImageRecord = z.infer<typeof imageRecord>;
export type StoreDocument = z.infer<typeof document>;

const EMPTY: StoreDocument = { version: 1, images: {}, layers: {}, references: {} };

/** `images.json`: the commit point of the image store. What isn't named in it does not exist. */
export class Metadata {
  readonly #file: string;
  readonly #reserve: Reserve;
  #state: StoreDocument;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(file: string, state: StoreDocument) {
    this.#file = file;
    this.#state = state;
    this.#reserve = new Reserve(`${file}.reserve`);
  }

  /** @throws EngineError system when the file is there and can't be understood: nothing is thrown away for that */
  static open(file: string): Metadata {
    removeUnfinished(file);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Metadata(file, EMPTY);
      throw error;
    }
    try {
      return new Metadata(file, document.parse(JSON.parse(text)));
    } catch (error) {
      throw new EngineError('system', `${file} is damaged: ${(error as Error).message}`, error);
    }
  }

  get state(): StoreDocument {
    return this.#state;
  }

  /**
   * Applies a change to a copy, writes it durably, and only then shows it. Changes happen one after another.
   *
   * @returns what `change` returns
   */
  async update<T>(change: (draft: StoreDocument) => T): Promise<T> {
    return await this.#queued(change, async (content) => {
      await this.#reserve.keep();
      await writeDurably(this.#file, content);
    });
  }

  /** {@link update} for what makes room: it doesn't need any itself. {@link keepReserve} when the room is made. */
  async updateToRemove<T>(change: (draft: StoreDocument) => T): Promise<T> {
    return await this.#queued(change, async (content) => {
      try {
        await writeDurably(this.#file, content);
      } catch (error) {
        if (!hasCode(error, 'ENOSPC') || !(await this.#reserve.release())) throw error;
        await writeDurably(this.#file, content);
      }
    });
  }

  async keepReserve(): Promise<void> {
    await this.#reserve.keep();
  }

  async #queued<T>(
    change: (draft: StoreDocument) => T,
    write: (content: string) => Promise<void>,
  ): Promise<T> {
    const result = this.#queue.then(async () => {
      const draft = structuredClone(this.#state);
      const value = change(draft);
      await write(JSON.stringify(draft));
      this.#state = draft;
      return value;
    });
    this.#queue = result.catch(() => undefined); // the caller sees the failure; the next change starts afresh
    return await result;
  }
}
