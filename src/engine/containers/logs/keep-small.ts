import { statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { inodeOf } from './files.ts';
import { rotateLog } from './rotate.ts';

export interface RotatedLog {
  readonly file: string;
  readonly maxSize: number;
  readonly maxFiles: number;
  /** The directory of the container's conmon. */
  readonly bundle: string;
  readonly onError: (error: unknown) => void;
}

/** How long a busy log is left alone between two looks; what is written meanwhile is beyond `maxSize`. */
const PAUSE_MS = 20;
/** A full disk, say: no reason to try every few milliseconds. */
const PAUSE_AFTER_FAILURE_MS = 5000;

/**
 * Rotates a running container's log whenever it has grown past its size. The kernel tells of writes; between one and
 * the next look there is a pause, so that a container that writes a lot costs the engine little.
 *
 * @returns ends it
 */
export function keepSmall(log: RotatedLog): () => void {
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let leaving: number | undefined;
  let closed = false;

  const later = (milliseconds: number): void => {
    watcher?.close();
    watcher = undefined;
    timer ??= setTimeout(look, milliseconds).unref();
  };
  const tooLarge = (): boolean => (statSync(log.file, { throwIfNoEntry: false })?.size ?? 0) >= log.maxSize;
  const look = (): void => {
    timer = undefined;
    if (closed) return;
    try {
      // conmon hasn't begun its new file yet: it is stopped with its container, or busy.
      if (leaving !== undefined && inodeOf(log.file) === leaving) return wait();
      leaving = undefined;
      if (!tooLarge()) return wait();
      leaving = rotateLog(log.file, log.maxFiles, log.bundle);
      if (leaving === undefined) later(PAUSE_AFTER_FAILURE_MS);
      else wait();
    } catch (error) {
      log.onError(error);
      later(PAUSE_AFTER_FAILURE_MS);
    }
  };
  /** Until something is written, or the file replaced. */
  const wait = (): void => {
    watcher = watch(log.file, () => later(PAUSE_MS));
    watcher.unref();
    watcher.on('error', () => later(PAUSE_AFTER_FAILURE_MS));
    // Written between the look and the watch.
    if (leaving === undefined ? tooLarge() : inodeOf(log.file) !== leaving) later(PAUSE_MS);
  };
  look();
  return () => {
    closed = true;
    clearTimeout(timer);
    watcher?.close();
  };
}
