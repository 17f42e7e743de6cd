import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../core/errors.ts';
import type { XzJob, XzReply } from './xz.ts';

// A UMD bundle whose named exports Node's ESM loader cannot see.
const { XzReadableStream } = createRequire(import.meta.url)(
  'xz-decompress',
) as typeof import('xz-decompress');

const CHUNK_BYTES = 1 << 20;
/** Chunks that may be on their way before the reader has taken one. */
const AHEAD = 8;

/**
 * Where a chunk is gathered; what is sent is a copy of its exact size. A fresh buffer a stream would cost more than the
 * decoding of small ones: thousands of kernel modules, each leaving a whole chunk to the garbage collector.
 */
const scratch = new Uint8Array(CHUNK_BYTES);

parentPort?.on('message', ({ port, ...job }: XzJob & { port: MessagePort }) => {
  const reply = (message: XzReply): void => {
    port.postMessage(message, message.kind === 'chunk' ? [message.bytes.buffer] : []);
  };
  work(job, port, reply)
    .then(() => reply({ kind: 'end' }))
    .catch((error: unknown) => reply({ kind: 'failed', message: messageOf(error) }));
});

/** The reader's end of a job. */
interface Reader {
  /** Chunks sent that it hasn't taken yet. */
  ahead: number;
  isGone: boolean;
  /** Resolves at its next message, or when it goes. */
  next(): Promise<void>;
}

function readerAt(port: MessagePort): Reader {
  let wake: (() => void) | undefined;
  const reader: Reader = {
    ahead: 0,
    isGone: false,
    next: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
  };
  port.on('message', () => {
    reader.ahead -= 1;
    wake?.();
  });
  port.on('close', () => {
    reader.isGone = true;
    wake?.();
  });
  return reader;
}

/** Decompresses in chunks, no faster than they are taken; stops when the reader has gone. */
async function work(job: XzJob, port: MessagePort, reply: (message: XzReply) => void): Promise<void> {
  const reader = readerAt(port);
  let filled = 0;
  const flush = async (): Promise<void> => {
    reply({ kind: 'chunk', bytes: scratch.slice(0, filled) });
    reader.ahead += 1;
    filled = 0;
    while (reader.ahead >= AHEAD && !reader.isGone) await reader.next();
  };

  const source =
    'bytes' in job
      ? Readable.from([job.bytes])
      : createReadStream(job.path, { ...job, highWaterMark: 1 << 18 });
  try {
    for await (const part of new XzReadableStream(Readable.toWeb(source) as ReadableStream<Uint8Array>)) {
      for (let rest = part; rest.length > 0;) {
        const piece = rest.subarray(0, CHUNK_BYTES - filled);
        scratch.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
        if (filled === CHUNK_BYTES) await flush();
        if (reader.isGone) return;
      }
    }
    if (filled > 0) await flush();
  } finally {
    source.destroy();
  }
}
