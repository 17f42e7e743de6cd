import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerConfig, hostConfig, networkingConfig } from '../../protocol/docker/container-config.ts';
import { hasCode } from '../sys/errno.ts';
import type { ContainerRecord } from './model.ts';

const RECORD = 'container.json';
/** The record of a container that is removed when it ends. */
const TRANSIENT_RECORD = 'transient.json';

/** A container that is there and of which the engine can't tell what it is. */
export interface Unreadable {
  readonly id: string;
  readonly error: unknown;
}

type Loaded = { readonly record: ContainerRecord } | { readonly error: unknown } | 'torn';

/**
 * Containers on disk, a directory each. A record is replaced by rename, after its bytes have reached the disk; an
 * auto-removed container's is not worth waiting for the disk: nobody misses it after a power cut. It has a name of its
 * own, so that one which a power cut left empty is known for what it was.
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
    const path = join(directory, isDurable(record) ? RECORD : TRANSIENT_RECORD);
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
   * `torn`, for the caller to clear away. A record that is there and can't be understood (damaged, or a newer engine's)
   * is `unreadable`: the container may hold what somebody needs, and stays.
   */
  load(): { records: ContainerRecord[]; torn: string[]; unreadable: Unreadable[] } {
    const records: ContainerRecord[] = [];
    const torn: string[] = [];
    const unreadable: Unreadable[] = [];
    for (const id of existsSync(this.#directory) ? readdirSync(this.#directory) : []) {
      const loaded = this.#read(id);
      if (loaded === 'torn') torn.push(id);
      else if ('record' in loaded) records.push(loaded.record);
      else unreadable.push({ id, error: loaded.error });
    }
    return { records, torn, unreadable };
  }

  #read(id: string): Loaded {
    try {
      return parse(readFileSync(join(this.#directory, id, RECORD), 'utf8'), id);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) return { error };
    }
    try {
      return parse(readFileSync(join(this.#directory, id, TRANSIENT_RECORD), 'utf8'), id);
    } catch (error) {
      // It was on its way out, and with it goes nothing that anybody counted on.
      return hasCode(error, 'ENOENT') || error instanceof SyntaxError ? 'torn' : { error };
    }
  }
}

/** @throws SyntaxError */
function parse(text: string, id: string): Loaded {
  const value: unknown = JSON.parse(text);
  return isRecord(value, id)
    ? { record: withNewerFields(value) }
    : { error: new Error('it is of another version or container') };
}

/** What a record of an earlier engine hasn't got: its default. */
function withNewerFields(record: ContainerRecord): ContainerRecord {
  const config = { ...containerConfig.parse({}), ...record.config };
  return {
    ...record,
    config,
    hostConfig: { ...hostConfig.parse({}), ...record.hostConfig },
    networking: networkingConfig.parse(record.networking),
  };
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
