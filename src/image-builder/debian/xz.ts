import { availableParallelism } from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';

/** What to decompress: bytes in memory, or a part of a file, `start` to `end`, both included. */
export type XzJob = { bytes: Uint8Array } | { path: string; start: number; end: number };

export type XzReply =
  | { kind: 'chunk'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'end' }
  | { kind: 'failed'; message: string };

const WORKER = import.meta.url.endsWith('.ts')
  ? new URL('./xz-worker.ts', import.meta.url)
  : new URL('./xz-worker.js', import.meta.url);

/** Workers between jobs. They never keep the process alive. */
const idle: Worker[] = [];

function takeWorker(): Worker {
  const known = idle.pop();
  if (known !== undefined) return known;
  const worker = new Worker(WORKER);
  worker.unref();
  return worker;
}

async function giveBack(worker: Worker): Promise<void> {
  if (idle.length < availableParallelism()) idle.push(worker);
  else await worker.terminate();
}

/**
 * Decompresses an .xz stream in a thread of its own: the WebAssembly decoder manages
 * 15 to 40 MB/s, serves one stream at a time and would hold up everything else in this one. Streams may be
 * read side by side; leaving the loop early stops the decoder.
 */
export async function* unxz(job: XzJob): AsyncGenerator<Uint8Array, void, undefined> {
  const worker = takeWorker();
  const { port1: port, port2 } = new MessageChannel();
  const replies: XzReply[] = [];
  let wake: (() => void) | undefined;
  const receive = (reply: XzReply): void => {
    replies.push(reply);
    wake?.();
  };
  const crash = (error: Error): void =>
    receive({ kind: 'failed', message: `the decoder stopped: ${error.message}` });
  port.on('message', receive);
  worker.once('error', crash);
  let isWell = false;
  try {
    worker.postMessage({ ...job, port: port2 }, [port2]);
    for (;;) {
      const reply = replies.shift();
      if (reply === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (reply.kind === 'failed') throw new Error(reply.message);
      if (reply.kind === 'end') {
        isWell = true;
        return;
      }
      port.postMessage('taken');
      yield reply.bytes;
    }
  } finally {
    worker.off('error', crash);
    port.close();
    // A decoder that was abandoned or failed half-way isn't worth its state.
    await (isWell ? giveBack(worker) : worker.terminate());
  }
}
