import { EventEmitter } from 'node:events';
import { conflict, invalid, notFound } from '../errors.ts';
import { AttachHub } from './streams/attach-hub.ts';
import type { ContainerRecord, ContainerState } from './model.ts';

/** How a container ended, as `wait` tells it. */
export interface ExitReport {
  readonly exitCode: number;
  readonly error: string;
}

interface EntryEvents {
  /** The process ended, or the start failed with a code. */
  exit: [ExitReport];
  removed: [ExitReport];
}

/** A container in memory: its record, and what only lives as long as the engine. */
export class ContainerEntry {
  record: ContainerRecord;
  readonly events = new EventEmitter<EntryEvents>();
  removing = false;
  /** True while it is stopped only to be started again: the end is no reason to remove it. */
  keepOnExit = false;
  /** How many use its root filesystem from outside (cp, export, diff): it stays mounted for them. */
  rootUsers = 0;
  readonly #stallLimitMs: number | undefined;
  #hub: AttachHub;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param stallLimitMs see {@link AttachHub} */
  constructor(record: ContainerRecord, stallLimitMs?: number) {
    this.record = record;
    this.#stallLimitMs = stallLimitMs;
    this.#hub = this.#makeHub();
    this.events.setMaxListeners(0);
  }

  /** The streams of the process that runs, or of the next one. */
  get hub(): AttachHub {
    return this.#hub;
  }

  /**
   * The process has ended. Its streams may not have: a client that is slow to read still gets what they hold. Who attaches
   * from now on waits for the next process, and that doesn't wait for them.
   */
  renewHub(): void {
    // Without a connection nobody sees them end.
    if (this.#hub.connected) this.#hub = this.#makeHub();
    else this.#hub.close();
  }

  #makeHub(): AttachHub {
    const { Tty: tty, StdinOnce: stdinOnce } = this.record.config;
    return new AttachHub({ tty, stdinOnce, stallLimitMs: this.#stallLimitMs });
  }

  get id(): string {
    return this.record.id;
  }

  get state(): ContainerState {
    return this.record.state;
  }

  /** Runs `work` after all earlier work on this container, one at a time. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** Docker counts a container that is about to be restarted among the running ones. */
export const isUp = ({ status }: ContainerState): boolean => status === 'running' || status === 'restarting';

type RunningState = Extract<ContainerState, { status: 'running' }>;

/**
 * The state of a container that has to be running.
 *
 * @param name what the message calls it
 * @throws EngineError conflict
 */
export function requireRunning(entry: ContainerEntry, name: string = entry.id): RunningState {
  refuseRestarting(entry);
  if (entry.state.status !== 'running') throw conflict(`container ${name} is not running`);
  return entry.state;
}

/** @throws EngineError conflict for a container between two runs */
export function refuseRestarting(entry: ContainerEntry): void {
  if (entry.state.status === 'restarting') {
    throw conflict(`Container ${entry.id} is restarting, wait until the container is running`);
  }
}

const SHORT_ID = /^[0-9a-f]{1,63}$/;

/** All containers, by id, name, or the beginning of an id that fits only one. */
export class ContainerRegistry {
  readonly #byId = new Map<string, ContainerEntry>();
  readonly #byName = new Map<string, string>();

  /** @throws EngineError conflict when the name is taken */
  add(entry: ContainerEntry): void {
    this.reserve(entry.record.name, entry.id);
    this.#byId.set(entry.id, entry);
  }

  /** Takes a name for a container, before it exists too. @throws EngineError conflict */
  reserve(name: string, id: string): void {
    const owner = this.#byName.get(name);
    if (owner !== undefined && owner !== id) {
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#byName.set(name, id);
  }

  release(name: string): void {
    this.#byName.delete(name);
  }

  hasName(name: string): boolean {
    return this.#byName.has(name);
  }

  remove(entry: ContainerEntry): void {
    this.#byId.delete(entry.id);
    this.release(entry.record.name);
  }

  byId(id: string): ContainerEntry | undefined {
    return this.#byId.get(id);
  }

  /** @throws EngineError notFound; invalidParameter for an id that fits several */
  find(reference: string): ContainerEntry {
    const name = reference.replace(/^\//, '');
    const entry = this.#byId.get(name) ?? this.#byId.get(this.#byName.get(name) ?? '');
    if (entry !== undefined) return entry;
    const matches = SHORT_ID.test(name) ? this.all().filter(({ id }) => id.startsWith(name)) : [];
    if (matches.length > 1) throw invalid(`Multiple IDs found with provided prefix: ${name}`);
    const [match] = matches;
    if (match === undefined) throw notFound(`No such container: ${reference}`);
    return match;
  }

  all(): ContainerEntry[] {
    return [...this.#byId.values()];
  }
}
