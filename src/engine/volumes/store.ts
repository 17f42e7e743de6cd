import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { syncPath, writeDurably } from '../store/durable.ts';
import { removeTree } from '../store/remove-tree.ts';
import { hasCode } from '../sys/errno.ts';
import type { Volume } from './contract.ts';

const RECORD = 'volume.json';
const DATA = '_data';
/** No volume's name begins with a dot. */
const UNFINISHED = '.new-';
const REMOVED = '.removed-';
const FILLING = '_data.new-';

const record = z.object({
  version: z.literal(1),
  createdAt: z.string(),
  labels: z.record(z.string(), z.string()).nullable(),
});

/**
 * Volumes on disk, a directory each: `NAME/volume.json` and `NAME/_data`. One that is being made or removed has another
 * name, so that a crash leaves a whole volume or none.
 */
export class VolumeStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All volumes; clears away what a crash left. */
  async open(): Promise<Volume[]> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o711 });
    const volumes: Volume[] = [];
    for (const name of readdirSync(this.#directory)) {
      const own = join(this.#directory, name);
      if (name.startsWith(UNFINISHED) || name.startsWith(REMOVED)) {
        await removeTree(own);
        continue;
      }
      if (!existsSync(join(own, DATA))) continue; // Nothing of ours, or the disk's own lost+found.
      for (const part of readdirSync(own)) {
        if (part.startsWith(FILLING)) await removeTree(join(own, part));
      }
      volumes.push(this.#read(name));
    }
    return volumes;
  }

  /**
   * A record that can't be read costs the labels, not the data: an auto-removed container's volume isn't synced, and a
   * power cut may have torn it.
   */
  #read(name: string): Volume {
    const mountpoint = this.#mountpoint(name);
    try {
      const text = readFileSync(join(this.#directory, name, RECORD), 'utf8');
      const { createdAt, labels } = record.parse(JSON.parse(text));
      return { name, mountpoint, createdAt, labels };
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof z.ZodError || hasCode(error, 'ENOENT')))
        throw error;
      return { name, mountpoint, createdAt: wholeSeconds(statSync(mountpoint).birthtime), labels: null };
    }
  }

  async create(name: string, labels: Volume['labels'], durable: boolean): Promise<Volume> {
    const volume = { name, mountpoint: this.#mountpoint(name), createdAt: wholeSeconds(new Date()), labels };
    const unfinished = join(this.#directory, `${UNFINISHED}${randomUUID()}`);
    await mkdir(unfinished, { mode: 0o701 });
    try {
      await mkdir(join(unfinished, DATA), { mode: 0o755 });
      const text = JSON.stringify({ version: 1, createdAt: volume.createdAt, labels });
      if (durable) await writeDurably(join(unfinished, RECORD), text);
      else await writeFile(join(unfinished, RECORD), text, { mode: 0o600 });
      await rename(unfinished, join(this.#directory, name));
    } catch (error) {
      await removeTree(unfinished);
      throw error;
    }
    if (durable) await syncPath(this.#directory);
    return volume;
  }

  /** When this resolves the volume is gone for good; `clear` takes its content away. */
  async remove(name: string): Promise<{ clear(): Promise<void> }> {
    const grave = join(this.#directory, `${REMOVED}${randomUUID()}`);
    await rename(join(this.#directory, name), grave);
    await syncPath(this.#directory);
    return { clear: async () => removeTree(grave) };
  }

  /** A new, empty directory beside the volume's content, to be filled and put in its place. */
  async beginFilling(name: string): Promise<string> {
    const path = join(this.#directory, name, `${FILLING}${randomUUID()}`);
    await mkdir(path, { mode: 0o755 });
    return path;
  }

  #mountpoint(name: string): string {
    return join(this.#directory, name, DATA);
  }
}

const wholeSeconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
