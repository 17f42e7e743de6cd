import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { spawnProcess } from './spawn.ts';

/**
 * One conmon process. It detaches itself, so what is left after the start is its sync pipe, on which it writes one
 * JSON object a line (conmon 2.1: `{"data": N, "message": …}`), and for an exec session its attach pipe.
 */
export interface ConmonProcess {
  /** The next message of the sync pipe; undefined once it has been closed. @throws Error for what is no message */
  next(): Promise<SyncMessage | undefined>;
  /** Resolves when the exec's attach socket listens. @throws Error if conmon ended before */
  attachReady(): Promise<void>;
  /** Lets conmon go on: first to set itself up; for an attached exec a second time, to run the command. */
  release(): void;
}

export interface SyncMessage {
  /** A pid, an exit code, or a negative number for a failure. */
  readonly data: number;
  readonly message: string;
}

const SYNC_FD = 3;
const START_FD = 4;
const ATTACH_FD = 5;

/**
 * @param args conmon's options
 * @param attach true for `--exec-attach`
 */
export function startConmon(conmon: string, args: readonly string[], attach = false): ConmonProcess {
  const child = spawnProcess(conmon, args, {
    env: {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      _OCI_SYNCPIPE: String(SYNC_FD),
      _OCI_STARTPIPE: String(START_FD),
      ...(attach ? { _OCI_ATTACHPIPE: String(ATTACH_FD) } : {}),
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', ...(attach ? (['pipe'] as const) : [])],
    detached: true,
  });
  const failure = watchFailure(child);
  const sync = lines(readableAt(child, SYNC_FD));
  const ready = attach ? lines(readableAt(child, ATTACH_FD)) : undefined;
  const start = writableAt(child, START_FD);
  // conmon may be gone before it reads; its sync pipe's end tells, this pipe's error adds nothing.
  start.on('error', () => undefined);
  return {
    next: async () => {
      const line = await sync();
      if (line === undefined) {
        const text = failure();
        if (text !== '') throw new Error(`conmon: ${text}`);
        return undefined;
      }
      return parseMessage(line);
    },
    attachReady: async () => {
      if ((await ready?.()) === undefined) throw new Error(`conmon ended early: ${failure()}`);
    },
    release: () => {
      start.write('\0');
    },
  };
}

/** Collects what explains a conmon that came to nothing. */
function watchFailure(child: ChildProcess): () => string {
  let text = '';
  child.once('error', (error) => {
    text += error.message;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < 4096) text += chunk;
  });
  return () => text.trim();
}

/** One line a call, undefined at the end. */
function lines(stream: Readable): () => Promise<string | undefined> {
  const iterator = createInterface({ input: stream, crlfDelay: Infinity })[Symbol.asyncIterator]();
  return async () => {
    const next = await iterator.next();
    return next.done === true ? undefined : next.value;
  };
}

function parseMessage(line: string): SyncMessage {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('data' in value) || typeof value.data !== 'number') {
    throw new Error(`conmon wrote something unknown: ${line.slice(0, 200)}`);
  }
  const message = 'message' in value && typeof value.message === 'string' ? value.message : '';
  return { data: value.data, message };
}

function readableAt(child: ChildProcess, fd: number): Readable {
  const stream = child.stdio[fd];
  if (stream === null || stream === undefined || !('read' in stream)) throw new Error(`no pipe at fd ${fd}`);
  return stream;
}

function writableAt(child: ChildProcess, fd: number): Writable {
  const stream = child.stdio[fd];
  if (stream === null || stream === undefined || !('write' in stream)) throw new Error(`no pipe at fd ${fd}`);
  return stream;
}
