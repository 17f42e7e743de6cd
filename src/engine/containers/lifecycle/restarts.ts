import { restartsAtAll, nextDelay, wantsRestart } from './restart-policy.ts';
import type { ContainerRecord } from '../model.ts';
import type { ContainerEntry } from '../registry.ts';

/** What is known of one container's restarts; gone with the engine. */
interface Course {
  delayMs: number;
  timer?: NodeJS.Timeout | undefined;
  /** Somebody stopped the container: nothing restarts it until it is started by hand. */
  cancelled: boolean;
}

/** Starts at the engine's own start that go on at the same time. */
const TOGETHER = 4;

/**
 * Restarts of containers by their policies. Until {@link Restarts.open} they are only noted: an engine that starts has
 * its networks and its API to see to first.
 */
export class Restarts {
  readonly #start: (entry: ContainerEntry) => Promise<void>;
  readonly #courses = new Map<string, Course>();
  #held: ContainerEntry[] | undefined = [];
  #closed = false;

  /** @param start starts a container that is in the state `restarting`; sees to its failures */
  constructor(start: (entry: ContainerEntry) => Promise<void>) {
    this.#start = start;
  }

  /** Milliseconds until a container that has just ended is to be started again; undefined: it isn't. */
  after(record: ContainerRecord, exitCode: number, ranMs: number): number | undefined {
    const policy = record.hostConfig.RestartPolicy;
    if (this.#closed || !restartsAtAll(policy)) return undefined;
    const course = this.#courseOf(record.id);
    const { restartCount = 0, stoppedByUser } = record;
    if (course.cancelled || !wantsRestart(policy, { exitCode, restartCount, byUser: stoppedByUser })) {
      return undefined;
    }
    course.delayMs = nextDelay(course.delayMs, ranMs);
    return course.delayMs;
  }

  schedule(entry: ContainerEntry, delayMs: number): void {
    if (this.#closed) return;
    if (this.#held !== undefined) {
      this.#held.push(entry);
      return;
    }
    const course = this.#courseOf(entry.id);
    clearTimeout(course.timer);
    course.timer = setTimeout(() => void this.#start(entry), delayMs).unref();
  }

  /** What waits is not started; nor is it after its next end. */
  cancel(id: string): void {
    const course = this.#courseOf(id);
    course.cancelled = true;
    clearTimeout(course.timer);
  }

  isCancelled(id: string): boolean {
    return this.#closed || this.#courses.get(id)?.cancelled === true;
  }

  /** Somebody started the container, or it is gone: what was before doesn't count any more. */
  forget(id: string): void {
    clearTimeout(this.#courses.get(id)?.timer);
    this.#courses.delete(id);
  }

  /** Starts what the engine's start has found to be restarted; those that share another's network after the others. */
  async open(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const wave of [held.filter((entry) => !sharesNetwork(entry)), held.filter(sharesNetwork)]) {
      const next = async (): Promise<void> => {
        for (let entry = wave.shift(); entry !== undefined; entry = wave.shift()) await this.#start(entry);
      };
      await Promise.all(Array.from({ length: TOGETHER }, next));
    }
  }

  /** Nothing is restarted from now on; what waits is left to the next engine. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#courses.values()) clearTimeout(timer);
  }

  #courseOf(id: string): Course {
    const known = this.#courses.get(id);
    if (known !== undefined) return known;
    const course: Course = { delayMs: 0, cancelled: false };
    this.#courses.set(id, course);
    return course;
  }
}

const sharesNetwork = ({ record }: ContainerEntry): boolean =>
  record.hostConfig.NetworkMode.startsWith('container:');
