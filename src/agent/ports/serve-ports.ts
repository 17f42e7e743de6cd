import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../core/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { hostRequest, type HostAnswer, type HostRequest } from '../../protocol/agent/ports.ts';

export interface PortsParts {
  /** A new stream to the engine's `host.sock`. */
  readonly dial: () => Promise<Duplex>;
  readonly answer: (request: HostRequest) => Promise<HostAnswer>;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;

/** Serves the engine's requests for ports until the signal, over one engine's connection after the other. */
export async function servePorts(parts: PortsParts): Promise<void> {
  const { signal, log, clock } = parts;
  let wait = FIRST_RETRY_MS;
  const onAnswer = (): void => void (wait = FIRST_RETRY_MS);
  try {
    for (;;) {
      try {
        await serve(await parts.dial(), parts, onAnswer);
        log.debug('the engine closed its connection for ports');
      } catch (error) {
        log.debug('no connection for ports', { reason: messageOf(error) });
      }
      await clock.sleep(wait, signal);
      wait = Math.min(wait * 2, LAST_RETRY_MS);
    }
  } catch (error) {
    if (!signal.aborted) log.error('ports are no longer served', { reason: messageOf(error) });
  }
}

async function serve(stream: Duplex, parts: PortsParts, onAnswer: () => void): Promise<void> {
  const end = (): void => void stream.destroy();
  parts.signal.addEventListener('abort', end, { once: true });
  stream.on('error', (error) =>
    parts.log.debug('the connection for ports failed', { reason: error.message }),
  );
  try {
    for await (const line of createInterface({ input: stream })) {
      const answer = await parts.answer(hostRequest.parse(JSON.parse(line)));
      if (!answer.ok) parts.log.info('a port was refused', { reason: answer.message });
      stream.write(`${JSON.stringify(answer)}\n`);
      onAnswer();
    }
  } finally {
    parts.signal.removeEventListener('abort', end);
    stream.destroy();
  }
}
