import { mkdirSync, readdirSync, readFileSync, unlinkSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../sys/errno.ts';

/**
 * Tells when a container's process has ended: conmon writes its exit code to a file named after the container
 * (temp + rename), and inotify says so. Nothing polls.
 */
export class ExitWatcher {
  readonly #directory: string;
  readonly #waiting = new Map<string, (exitCode: number) => void>();
  #watcher: FSWatcher | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  start(onError: (error: unknown) => void): void {
    this.#watcher = watch(this.#directory, (_event, name) => {
      if (name !== null) this.#check(name);
      else for (const id of this.#waiting.keys()) this.#check(id);
    });
    this.#watcher.on('error', onError);
  }

  close(): void {
    this.#watcher?.close();
  }

  /** Calls back once, with what a shell would call the exit status (128 + n for a signal). */
  expect(id: string, callback: (exitCode: number) => void): void {
    this.#waiting.set(id, callback);
    this.#check(id);
  }

  /** The exit code that is there, if any. */
  peek(id: string): number | undefined {
    try {
      const code = Number(readFileSync(join(this.#directory, id), 'utf8').trim());
      return Number.isInteger(code) ? code : undefined;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Removes a container's exit code, before a start and after it has been recorded. */
  forget(id: string): void {
    this.#waiting.delete(id);
    try {
      unlinkSync(join(this.#directory, id));
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }

  /** Ids that have an exit code. */
  ids(): string[] {
    return readdirSync(this.#directory);
  }

  #check(id: string): void {
    const callback = this.#waiting.get(id);
    const code = callback === undefined ? undefined : this.peek(id);
    if (callback === undefined || code === undefined) return;
    this.#waiting.delete(id);
    callback(code);
  }
}
