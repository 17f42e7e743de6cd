import { closeSync, fstatSync, read, watch } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { openLogs, openNewer } from './files.ts';
import type { OpenLog } from './files.ts';
import { LineSplitter, parseLogLine } from './lines.ts';
import type { LogLine } from './lines.ts';
import { startOfLast } from './tail.ts';

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
  /** How many files the log has at most. */
  readonly maxFiles: number;
  readonly running: () => boolean;
  /** Calls back when the container's process has ended; returns the function that takes that back. */
  readonly onExit: (callback: () => void) => () => void;
}

const BLOCK = 64 * 1024;
const readAt = promisify(read);

/**
 * A container's log, oldest first, through all its files. With `follow` it goes on, from file to file, until the process
 * that runs now has ended and everything has been read; the kernel tells of new lines (inotify). A reader that falls
 * behind keeps what it has open: what was rotated away meanwhile it still reads, what it had not opened is gone, as with
 * Docker's own files.
 */
export async function* readLogs(
  source: LogSource,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const queue = openLogs(source.file, source.maxFiles);
  const wake = query.follow ? watchForMore(source, signal) : undefined;
  try {
    const starts = startOfLast(queue, query.tail);
    // What there is now is what was asked for; a busy container would never come to an end.
    const ends = queue.map(({ fd }) => fstatSync(fd).size);
    for (let at = 0; at < queue.length && !signal.aborted; at += 1) {
      const log = queue[at];
      if (log === undefined) break;
      const splitter = new LineSplitter();
      let position = starts[at] ?? 0;
      for (;;) {
        // Asked before reading: what was written before the end, or before the next file, is read then.
        const seen = wake?.changes() ?? 0;
        const over = wake === undefined || wake.ended() || !source.running();
        if (wake !== undefined && at === queue.length - 1) {
          queue.push(...openNewer(source.file, source.maxFiles, log));
        }
        const isLast = at === queue.length - 1;
        const limit = wake === undefined ? (ends[at] ?? 0) : Number.MAX_SAFE_INTEGER;
        for await (const chunk of chunksOf(log, position, limit)) {
          position += chunk.length;
          yield* select(splitter.push(chunk), query);
          if (signal.aborted) return;
        }
        if (!isLast) break;
        if (over || isPast(query.until)) return;
        await wake.after(seen);
        if (signal.aborted) return;
      }
    }
  } finally {
    wake?.close();
    for (const { fd } of queue) closeSync(fd);
  }
}

async function* chunksOf(log: OpenLog, from: number, limit: number): AsyncGenerator<Buffer> {
  for (let position = from; position < limit;) {
    const buffer = Buffer.allocUnsafe(Math.min(BLOCK, limit - position));
    const { bytesRead } = await readAt(log.fd, buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
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

/** Counts changes of the log and notes the end of its process, so that none between two looks is missed. */
function watchForMore(source: LogSource, signal: AbortSignal) {
  let changes = 0;
  let ended = false;
  let notify: (() => void) | undefined;
  const bump = (): void => {
    changes += 1;
    notify?.();
  };
  // The directory: the name comes to stand for another file.
  const watcher = watch(dirname(source.file), bump);
  watcher.on('error', bump); // The container was removed, directory and all.
  const forgetExit = source.onExit(() => {
    ended = true;
    bump();
  });
  signal.addEventListener('abort', bump);
  return {
    changes: (): number => changes,
    /** Also where the container has been started again since. */
    ended: (): boolean => ended,
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
