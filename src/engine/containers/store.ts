import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../sys/errno.ts';
import type { ContainerRecord } from './model.ts';

const RECORD = 'container.json';

/**
 * Containers on disk, a directory each. A record is replaced by rename, after its bytes have reached the disk; an
 * auto-removed container's is not worth waiting for the disk: nobody misses it after a power cut.
 */
export class ContainerStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async create(record: ContainerRecord): Promise<void> {
    await mkdir(join(this.#directory, record.id), { mode: 0o700, recursive: true });
    await this.save(record);
    if (isDurable(record)) await syncDirectory(this.#directory);
  }

  async save(record: ContainerRecord): Promise<void> {
    const directory = join(this.#directory, record.id);
    const text = `${JSON.stringify(record)}\n`;
    const path = join(directory, RECORD);
    const temporary = `${path}.new`;
    if (!isDurable(record)) {
      await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, path);
      return;
    }
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(directory);
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.#directory, id), { recursive: true, force: true });
  }

  /**
   * Every record that can be read. A directory without one is what a crash left of a create or a remove: its id is in
   * `torn`, for the caller to clear away.
   */
  load(): { records: ContainerRecord[]; torn: string[] } {
    const records: ContainerRecord[] = [];
    const torn: string[] = [];
    for (const id of existsSync(this.#directory) ? readdirSync(this.#directory) : []) {
      const record = this.#read(id);
      if (record === undefined) torn.push(id);
      else records.push(record);
    }
    return { records, torn };
  }

  #read(id: string): ContainerRecord | undefined {
    try {
      const value: unknown = JSON.parse(readFileSync(join(this.#directory, id, RECORD), 'utf8'));
      return isRecord(value, id) ? value : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }
}

function isRecord(value: unknown, id: string): value is ContainerRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'recordVersion' in value &&
    value.recordVersion === 1 &&
    'id' in value &&
    value.id === id
  );
}

const isDurable = (record: ContainerRecord): boolean => !record.hostConfig.AutoRemove;

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
