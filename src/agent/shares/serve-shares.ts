import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../core/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { fromEngine, type HostChange, type ShareAnswer } from '../../protocol/agent/shares.ts';

/** The part of an answer that isn't its id. */
export type ShareOutcome = ShareAnswer extends infer T ? (T extends unknown ? Omit<T, 'id'> : never) : never;

export interface ShareServiceParts {
  /** A new stream to the engine's `shares.sock`. */
  readonly dial: () => Promise<Duplex>;
  readonly share: (source: string, create: boolean) => Promise<ShareOutcome>;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 100;
/** An engine of an image from before shares never answers. */
const LAST_RETRY_MS = 5000;
const REPEAT_MS = 5000;

/** The agent's end of src/protocol/agent/shares.ts, over one engine's connection after the other. */
export class ShareService {
  readonly #parts: ShareServiceParts;
  readonly #repeats = new Map<number, () => void>();
  #stream: Duplex | undefined;
  #lastId = 0;

  constructor(parts: ShareServiceParts) {
    this.#parts = parts;
  }

  /** Resolves at the signal. */
  async run(): Promise<void> {
    const { signal, log, clock } = this.#parts;
    let wait = FIRST_RETRY_MS;
    try {
      for (;;) {
        try {
          await this.#converse(await this.#parts.dial());
          wait = FIRST_RETRY_MS;
          log.debug('the engine closed its connection for shares');
        } catch (error) {
          log.debug('no connection for shares', { reason: messageOf(error) });
        }
        await clock.sleep(wait, signal);
        wait = Math.min(wait * 2, LAST_RETRY_MS);
      }
    } catch (error) {
      if (!signal.aborted) log.error('shares are no longer served', { reason: messageOf(error) });
    }
  }

  /** Resolves when the guest has done it, or can't. */
  async repeat(change: HostChange): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#lastId += 1;
    const id = this.#lastId;
    const done = Promise.withResolvers<void>();
    const timer = setTimeout(done.resolve, REPEAT_MS);
    this.#repeats.set(id, done.resolve);
    try {
      stream.write(`${JSON.stringify({ id, op: 'repeat', change })}\n`);
      await done.promise;
    } finally {
      clearTimeout(timer);
      this.#repeats.delete(id);
    }
  }

  async #converse(stream: Duplex): Promise<void> {
    const { signal, log } = this.#parts;
    const end = (): void => void stream.destroy();
    signal.addEventListener('abort', end, { once: true });
    stream.on('error', (error) => log.debug('the connection for shares failed', { reason: error.message }));
    this.#stream = stream;
    try {
      for await (const line of createInterface({ input: stream })) {
        const said = fromEngine.parse(JSON.parse(line));
        if (said.op === 'repeated') this.#repeats.get(said.id)?.();
        else void this.#answer(stream, said.id, said.source, said.create);
      }
    } finally {
      this.#stream = undefined;
      for (const settle of this.#repeats.values()) settle();
      signal.removeEventListener('abort', end);
      stream.destroy();
    }
  }

  async #answer(stream: Duplex, id: number, source: string, create: boolean): Promise<void> {
    const outcome = await this.#parts.share(source, create);
    if (!outcome.ok) this.#parts.log.info('a share was refused', { source, reason: outcome.message });
    if (stream.writable) stream.write(`${JSON.stringify({ id, ...outcome })}\n`);
  }
}
