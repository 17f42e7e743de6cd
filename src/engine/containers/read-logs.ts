import { existsSync, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { LineSplitter, parseLogLine } from './log-lines.ts';
import type { LogLine } from './log-lines.ts';

export interface LogQuery {
  readonly follow: boolean;
  /** How many of the last lines; undefined: all. */
  readonly tail: number | undefined;
  /** Milliseconds since the epoch; undefined: no bound. */
  readonly since: number | undefined;
  readonly until: number | undefined;
}

export interface LogSource {
  readonly file: string;
  readonly running: () => boolean;
  /** Calls back when the container's process has ended; returns the function that takes that back. */
  readonly onExit: (callback: () => void) => () => void;
}

const BLOCK = 64 * 1024;

/**
 * A container's log, oldest first. With `follow` it goes on until the process has ended and everything has been read;
 * the kernel tells of new lines (inotify).
 */
export async function* readLogs(
  source: LogSource,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  if (!existsSync(source.file)) return;
  const file = await open(source.file, 'r');
  const wake = query.follow ? watchForMore(source, signal) : undefined;
  try {
    const splitter = new LineSplitter();
    let position = query.tail === undefined ? 0 : await startOfLast(file, query.tail);
    while (!signal.aborted) {
      // Asked before reading: lines written until the end come before it.
      const last = !query.follow || !source.running();
      const seen = wake?.changes() ?? 0;
      for (;;) {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK), 0, BLOCK, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        yield* select(splitter.push(buffer.subarray(0, bytesRead)), query);
        if (signal.aborted) return;
      }
      if (last || wake === undefined || isPast(query.until)) return;
      await wake.after(seen);
    }
  } finally {
    wake?.close();
    await file.close();
  }
}

const isPast = (until: number | undefined): boolean => until !== undefined && Date.now() > until;

function* select(lines: readonly Buffer[], query: LogQuery): Generator<LogLine> {
  for (const bytes of lines) {
    const line = parseLogLine(bytes);
    if (line === undefined) continue;
    const time = Date.parse(line.time);
    if (query.since !== undefined && time < query.since) continue;
    if (query.until !== undefined && time > query.until) continue;
    yield line;
  }
}

/** The offset at which the last `count` complete lines begin. */
async function startOfLast(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat();
  if (count === 0) return size;
  let end = size;
  let found = 0;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let at = buffer.length - 1; at >= 0; at -= 1) {
      // The newline at the very end closes the last line; it doesn't begin one.
      if (buffer[at] !== 0x0a || start + at === size - 1) continue;
      found += 1;
      if (found === count) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** Counts changes of the log and the end of its process, so that none between two looks is missed. */
function watchForMore(source: LogSource, signal: AbortSignal) {
  let changes = 0;
  let notify: (() => void) | undefined;
  const bump = (): void => {
    changes += 1;
    notify?.();
  };
  const watcher = watch(source.file, bump);
  const forgetExit = source.onExit(bump);
  signal.addEventListener('abort', bump);
  return {
    changes: (): number => changes,
    after: async (seen: number): Promise<void> => {
      if (changes !== seen || signal.aborted) return;
      await new Promise<void>((resolve) => {
        notify = resolve;
      });
    },
    close: (): void => {
      watcher.close();
      forgetExit();
      signal.removeEventListener('abort', bump);
    },
  };
}
