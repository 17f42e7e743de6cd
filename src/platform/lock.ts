import { randomBytes } from 'node:crypto';
import { watch } from 'node:fs';
import { link, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, WherryError } from '../core/errors.ts';
import { makeOwnerOnlyDirectory } from './atomic-file.ts';
import { systemClock, type Clock } from './clock.ts';
import { systemProcesses, type ProcessIdentity, type Processes } from './process-identity.ts';

/**
 * A lock that heals itself. It is a directory of numbered files; the highest number says who holds the lock, or that
 * nobody does. One takes it by making the next number with link(2), which exactly one process can do, and only
 * when the holder of the highest number has released it or isn't alive any more (its pid may be somebody else's
 * by now: the process's start time is compared). Nothing is removed that could still be the highest, so a `kill -9`
 * or a power cut at any point leaves a lock that the next one can take.
 */
export interface LockOptions {
  /** What the holder does, for the error of those who find it locked: `machine create default`. */
  readonly purpose: string;
  /** The same in a word, for those who decide by it. */
  readonly verb?: string | undefined;
  /** How long to wait for the holder; 0, the default, refuses at once. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LockPorts {
  readonly processes: Processes;
  readonly clock: Clock;
}

export interface HeldLock {
  release(): Promise<void>;
}

interface LockRecord {
  readonly holder: ProcessIdentity | null;
  readonly purpose: string;
  readonly verb?: string | undefined;
}

/** How often a waiter looks whether the holder has died without releasing; a release itself is noticed at once. */
const HOLDER_CHECK_MS = 500;

const systemPorts: LockPorts = { processes: systemProcesses, clock: systemClock };

/** Takes the lock at `directory`. Error: `LOCKED`, which says who holds it. */
export async function acquireLock(
  directory: string,
  options: LockOptions,
  ports: LockPorts = systemPorts,
): Promise<HeldLock> {
  options.signal?.throwIfAborted();
  await makeOwnerOnlyDirectory(directory);
  const deadline = ports.clock.monotonic() + (options.waitMs ?? 0);
  const first = await tryAcquire(directory, options, ports);
  if ('release' in first) return first;
  if (options.waitMs === undefined || options.waitMs <= 0) throw lockedError(first.heldBy);
  const changes = watchChanges(directory);
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      changes.reset();
      const attempt = await tryAcquire(directory, options, ports);
      if ('release' in attempt) return attempt;
      const left = deadline - ports.clock.monotonic();
      if (left <= 0) throw lockedError(attempt.heldBy);
      await changes.wait(Math.min(left, HOLDER_CHECK_MS), options.signal, ports.clock);
    }
  } finally {
    changes.close();
  }
}

/** Runs `work` with the lock held. */
export async function withLock<T>(
  directory: string,
  options: LockOptions,
  work: () => Promise<T>,
  ports: LockPorts = systemPorts,
): Promise<T> {
  const lock = await acquireLock(directory, options, ports);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Who holds the lock at `directory` at this moment, or undefined. Takes nothing, makes nothing. */
export async function lockHolder(
  directory: string,
  ports: LockPorts = systemPorts,
): Promise<(ProcessIdentity & Pick<LockRecord, 'purpose' | 'verb'>) | undefined> {
  const highest = (await numbersIn(directory)).at(-1);
  const record = highest === undefined ? undefined : await readRecord(join(directory, String(highest)));
  const holder = record?.holder;
  if (record === undefined || holder === null || holder === undefined) return undefined;
  const { purpose, verb } = record;
  return (await ports.processes.isAlive(holder)) ? { ...holder, purpose, verb } : undefined;
}

async function tryAcquire(
  directory: string,
  { purpose, verb }: LockOptions,
  ports: LockPorts,
): Promise<HeldLock | { heldBy: LockRecord }> {
  for (;;) {
    const highest = (await numbersIn(directory)).at(-1);
    if (highest !== undefined) {
      const record = await readRecord(join(directory, String(highest)));
      if (record === undefined) continue;
      if (record.holder !== null && (await ports.processes.isAlive(record.holder))) return { heldBy: record };
    }
    const mine = (highest ?? 0) + 1;
    const holder = await ports.processes.self();
    if (!(await publish(directory, mine, { holder, purpose, verb }))) continue;
    const numbers = await numbersIn(directory);
    if (numbers.at(-1) !== mine) {
      // Others took and released higher numbers, and removed the one just made here, since the look above.
      await rm(join(directory, String(mine)), { force: true });
      continue;
    }
    for (const number of numbers.slice(0, -2)) await rm(join(directory, String(number)), { force: true });
    // An empty record is a released one, and needs no room: a full disk must not keep a lock.
    return { release: () => truncate(join(directory, String(mine))) };
  }
}

/** Makes file `number` with its whole content in one step; false if somebody else made it first. */
async function publish(directory: string, number: number, record: LockRecord): Promise<boolean> {
  const temporary = await writeTemporary(directory, record);
  const target = join(directory, String(number));
  let made = false;
  try {
    await link(temporary, target);
    made = true;
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true }).catch(async (error: unknown) => {
      // Whoever fails here doesn't hold the lock: its own next try would wait for itself.
      if (made) await truncate(target);
      throw error;
    });
  }
}

async function writeTemporary(directory: string, record: LockRecord): Promise<string> {
  const temporary = join(directory, `.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(temporary, JSON.stringify(record), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    // On a full disk the file is made, and stays empty.
    await rm(temporary, { force: true });
    throw error;
  }
  return temporary;
}

async function numbersIn(directory: string): Promise<number[]> {
  return (await namesIn(directory))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readRecord(path: string): Promise<LockRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return parseRecord(text);
}

/** A record torn by a power cut can't be of a living process: it reads as released. */
function parseRecord(text: string): LockRecord {
  const released: LockRecord = { holder: null, purpose: '' };
  if (!text.startsWith('{') || !text.endsWith('}')) return released;
  const value = JSON.parse(text) as Partial<LockRecord>;
  const holder = value.holder;
  if (typeof holder?.pid !== 'number' || typeof holder.startedAt !== 'string') return released;
  const verb = typeof value.verb === 'string' ? value.verb : undefined;
  return { holder, purpose: String(value.purpose), verb };
}

function lockedError(record: LockRecord): WherryError {
  return new WherryError({
    code: 'LOCKED',
    message: `another wherry (pid ${record.holder?.pid}, "${record.purpose}") is working on it`,
    hint: 'Wait until it is done, or end that process',
  });
}

interface Changes {
  /** Forgets what has happened so far: called before a look, so that no change after it is missed. */
  reset(): void;
  /** Resolves at a change since the last reset, or after `ms`. */
  wait(ms: number, signal: AbortSignal | undefined, clock: Clock): Promise<void>;
  close(): void;
}

function watchChanges(directory: string): Changes {
  let changed = new AbortController();
  const watcher = watch(directory, { persistent: false }, () => changed.abort());
  watcher.on('error', () => changed.abort());
  return {
    reset() {
      if (changed.signal.aborted) changed = new AbortController();
    },
    async wait(ms, signal, clock) {
      const { signal: change } = changed;
      try {
        await clock.sleep(ms, signal === undefined ? change : AbortSignal.any([change, signal]));
      } catch (error) {
        signal?.throwIfAborted();
        if (!change.aborted) throw error;
      }
    },
    close: () => watcher.close(),
  };
}
