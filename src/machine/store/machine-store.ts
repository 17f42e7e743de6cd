import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf, systemErrorCode, WherryError } from '../../core/errors.ts';
import {
  makeOwnerOnlyDirectory,
  readTextIfExists,
  syncDirectory,
  writeFileAtomic,
} from '../../platform/atomic-file.ts';
import { acquireLock, lockHolder, withLock, type HeldLock, type LockOptions } from '../../platform/lock.ts';
import { requireOwnRunDirectory, type PathInputs } from '../../platform/paths.ts';
import {
  homeDirectories,
  machineFiles,
  nameInPassing,
  passingDirectory,
  type MachineFiles,
} from './filenames.ts';
import { CONFIG_VERSION, machineConfig, type MachineConfig } from './machine-config.ts';
import { migrate } from './migrations/migrate.ts';

/** A machine as the disk has it: its configuration, or why that can't be read. */
export type StoredMachine =
  | { readonly state: 'ok'; readonly files: MachineFiles; readonly config: MachineConfig }
  | { readonly state: 'broken'; readonly files: MachineFiles; readonly reason: string };

/** What is being done to a machine by whoever holds its lock. */
export type MachineVerb =
  | 'create'
  | 'start'
  | 'restart'
  | 'regenerate-certs'
  | 'stop'
  | 'kill'
  | 'set'
  | 'clone'
  | 'snapshot'
  | 'autostart'
  | 'upgrade'
  | 'rm'
  | 'sweep';

export interface LockRequest {
  /** Others' errors name it as a command (`machine start default`), and others' looks go by it. */
  readonly verb: MachineVerb;
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The machines of one Wherry home. Knows files only; whether a machine runs is not its business. */
export interface MachineStore {
  readonly home: string;
  /** Error: `INVALID_NAME`: no path is made of anything else than a machine's name. */
  files(name: string): MachineFiles;
  /** Names in byte order; what is being made or removed isn't among them. */
  names(): Promise<string[]>;
  exists(name: string): Promise<boolean>;
  /** Undefined where there is no such machine; a broken one is returned as such. Error: `DIRECTORY_NOT_OURS`. */
  find(name: string): Promise<StoredMachine | undefined>;
  /** Errors: `MACHINE_NOT_FOUND`, `CONFIG_BROKEN`. */
  load(name: string): Promise<{ readonly files: MachineFiles; readonly config: MachineConfig }>;
  save(config: MachineConfig): Promise<void>;
  /**
   * Makes a machine's directory: `fill` writes into a directory beside the final place, which a rename then makes the
   * machine, machine.json last. The caller holds the machine's lock. Error: `MACHINE_EXISTS`.
   */
  create(config: MachineConfig, fill: (files: MachineFiles) => Promise<void>): Promise<MachineFiles>;
  /** Removes a machine's directory: from one rename on it isn't there. The caller holds the machine's lock. */
  remove(name: string): Promise<void>;
  /** Removes what a killed create or rm has left. Leaves alone what another process is working on. */
  sweep(heldName?: string): Promise<void>;
  lock(name: string, request: LockRequest): Promise<HeldLock>;
  /** Runs `work` with the machine's lock held. Errors: `LOCKED`, `INVALID_NAME`, the work's own. */
  withLock<T>(name: string, request: LockRequest, work: () => Promise<T>): Promise<T>;
  /** Who works on the machine at this moment. */
  busyWith(name: string): Promise<{ readonly pid: number; readonly verb?: string | undefined } | undefined>;
}

export function openMachineStore(home: string, inputs: PathInputs): MachineStore {
  const { machines } = homeDirectories(home);
  const files = (name: string): MachineFiles => {
    if (!isMachineName(name)) throw invalidName(name);
    return machineFiles(home, name, inputs);
  };
  const store: MachineStore = {
    home,
    files,
    async names() {
      const entries = await readDirectory(machines);
      return entries.filter((name) => isMachineName(name)).sort();
    },
    exists: async (name) => isMachineName(name) && directoryExists(files(name).directory),
    async find(name) {
      if (!(await store.exists(name))) return undefined;
      await requireOwnRunDirectory(files(name).runDirectory, inputs);
      try {
        return { state: 'ok', files: files(name), config: await readConfig(files(name)) };
      } catch (error) {
        return { state: 'broken', files: files(name), reason: messageOf(error) };
      }
    },
    async load(name) {
      const found = await store.find(name);
      if (found === undefined) throw machineNotFound(name);
      if (found.state === 'ok') return found;
      throw new WherryError({
        bare: true,
        code: 'CONFIG_BROKEN',
        message: `Docker machine "${name}" is broken: ${found.reason}`,
        hint: `Mend ${found.files.config}, or remove the machine with: wherry machine rm -f ${name}`,
      });
    },
    save: (config) => writeConfig(files(config.name).config, config),
    async create(config, fill) {
      const { name } = config;
      if (await store.exists(name)) throw machineExists(name);
      await makeOwnerOnlyDirectory(machines);
      await store.sweep(name);
      const building = passingDirectory(home, 'new', name, randomBytes(6).toString('hex'));
      const inside = machineFiles(home, name, inputs, building);
      try {
        await makeOwnerOnlyDirectory(building);
        await fill(inside);
        await writeConfig(inside.config, config);
        await rename(building, files(name).directory);
      } catch (error) {
        await rm(building, { recursive: true, force: true });
        throw error;
      }
      await syncDirectory(machines);
      return files(name);
    },
    async remove(name) {
      const leaving = passingDirectory(home, 'old', name, randomBytes(6).toString('hex'));
      const { directory, runDirectory } = files(name);
      await rename(directory, leaving);
      await syncDirectory(machines);
      await rm(leaving, { recursive: true, force: true });
      if (runDirectory !== directory) await rm(runDirectory, { recursive: true, force: true });
    },
    async sweep(heldName) {
      for (const entry of await readDirectory(machines)) {
        const name = nameInPassing(entry);
        if (name === undefined || !isMachineName(name)) continue;
        const path = join(machines, entry);
        if (name === heldName) await rm(path, { recursive: true, force: true });
        else await sweepUnlessBusy(name, path);
      }
    },
    lock: async (name, request) => acquireLock(files(name).lock, lockOptions(name, request)),
    withLock: async (name, request, work) => withLock(files(name).lock, lockOptions(name, request), work),
    busyWith: async (name) => lockHolder(files(name).lock),
  };

  async function sweepUnlessBusy(name: string, path: string): Promise<void> {
    try {
      await store.withLock(name, { verb: 'sweep' }, () => rm(path, { recursive: true, force: true }));
    } catch (error) {
      if (!(error instanceof WherryError && error.code === 'LOCKED')) throw error;
    }
  }

  return store;
}

function lockOptions(name: string, request: LockRequest): LockOptions {
  return { ...request, purpose: `machine ${request.verb} ${name}` };
}

/** docker-machine's rule for host names; it also keeps names apart from the store's own dot directories. */
export function isMachineName(name: string): boolean {
  return name.length <= 63 && /^[a-zA-Z0-9][a-zA-Z0-9.-]*$/.test(name);
}

function invalidName(name: string): WherryError {
  return new WherryError({
    code: 'INVALID_NAME',
    message: `"${name}" is not a machine's name. Allowed chars are: 0-9a-zA-Z . -`,
  });
}

/** docker-machine's words, with Wherry's command in them. */
export function machineNotFound(name: string): WherryError {
  return new WherryError({
    bare: true,
    code: 'MACHINE_NOT_FOUND',
    message: `Docker machine "${name}" does not exist. Use "wherry machine ls" to list machines. Use "wherry machine create" to add a new one.`,
  });
}

export function machineExists(name: string): WherryError {
  return new WherryError({
    bare: true,
    code: 'MACHINE_EXISTS',
    message: `Docker machine "${name}" already exists`,
  });
}

async function readConfig(files: MachineFiles): Promise<MachineConfig> {
  const text = await readTextIfExists(files.config);
  if (text === undefined) throw new Error('it has no machine.json');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`machine.json is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = machineConfig.safeParse(migrate(value, CONFIG_VERSION));
  if (parsed.success) return parsed.data;
  throw new Error(`machine.json: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`, {
    cause: parsed.error,
  });
}

async function writeConfig(path: string, config: MachineConfig): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(machineConfig.parse(config), undefined, 2)}\n`);
}

async function readDirectory(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function directoryExists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
