import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long the engine has nothing to do before it tidies up. */
const IDLE_MS = 5000;

type CollectGarbage = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/**
 * Gives memory back when the engine falls idle: V8 leaves a heap as large as the last burst of work made it, about
 * 6 MB here, for as long as nothing further happens. One collection, 5 s after the last activity.
 */
export class IdleMemory {
  #timer: NodeJS.Timeout | undefined;
  #collect: CollectGarbage | undefined;

  /** Something happened. Cheap. */
  touch(): void {
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#tidy(), IDLE_MS).unref();
    else this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tidy(): void {
    this.#timer = undefined;
    if (this.#collect === undefined) {
      setFlagsFromString('--expose-gc');
      this.#collect = runInNewContext('gc') as CollectGarbage;
    }
    this.#collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }
}
