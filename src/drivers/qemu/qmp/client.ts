import type { Socket } from 'node:net';
import * as z from 'zod';
import { WherryError } from '../../../core/errors.ts';
import { lines } from '../../guest/lines.ts';

/** QEMU docs, interop/qmp-spec: greeting, `return`, `error` and `event` messages, one JSON object a line. */
const message = z.union([
  z.object({ QMP: z.looseObject({}) }),
  z.object({ return: z.unknown(), id: z.number().optional() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number().optional() }),
  z.object({ event: z.string(), data: z.unknown().optional() }),
]);

export interface QmpEvent {
  readonly event: string;
  readonly data: unknown;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One QMP session. QEMU serves one at a time on a socket: keep it short. */
export interface QmpClient {
  /** Resolves with the `return` value. Errors: `QMP_ERROR` (QEMU refused), `QMP_CLOSED` (QEMU has gone). */
  execute(command: string, commandArguments?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Resolves when the connection has ended: after {@link close}, or because QEMU has. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Opens a session over a connected socket: waits for the greeting and negotiates. Owns the socket from here on.
 * `signal` ends the negotiation; another client that holds the monitor makes the greeting wait.
 */
export async function openQmp(
  socket: Socket,
  signal: AbortSignal,
  onEvent: (event: QmpEvent) => void = () => {},
): Promise<QmpClient> {
  const pending = new Map<number, Pending>();
  const greeting = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let lastId = 0;

  const take = (line: string): void => {
    const parsed = message.parse(JSON.parse(line));
    if ('QMP' in parsed) greeting.resolve();
    else if ('event' in parsed) onEvent({ event: parsed.event, data: parsed.data });
    else if (parsed.id !== undefined) {
      const waiting = pending.get(parsed.id);
      pending.delete(parsed.id);
      if ('error' in parsed) waiting?.reject(qmpError(parsed.error));
      else waiting?.resolve(parsed.return);
    }
  };
  const end = (error: Error): void => {
    greeting.reject(error);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    closed.resolve();
  };
  lines(socket, (line) => {
    try {
      take(line);
    } catch (error) {
      socket.destroy(new Error('QEMU sent something that is not QMP', { cause: error }));
    }
  });
  let cause: unknown;
  socket.on('error', (error) => (cause = error));
  socket.once('close', () => end(closedError(cause)));

  const client: QmpClient = {
    execute(command, commandArguments) {
      if (socket.destroyed) return Promise.reject(closedError(cause));
      lastId += 1;
      const id = lastId;
      const answer = Promise.withResolvers<unknown>();
      pending.set(id, answer);
      socket.write(`${JSON.stringify({ execute: command, arguments: commandArguments, id })}\n`);
      return answer.promise;
    },
    closed: closed.promise,
    close: () => void socket.destroy(),
  };
  const abort = (): void => {
    greeting.reject(signal.reason as Error);
    socket.destroy(signal.reason as Error);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    await greeting.promise;
    await client.execute('qmp_capabilities');
    return client;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function qmpError(error: { class: string; desc: string }): WherryError {
  return new WherryError({ code: 'QMP_ERROR', message: `QEMU: ${error.desc}`, cause: error });
}

function closedError(cause: unknown): WherryError {
  return new WherryError({ code: 'QMP_CLOSED', message: 'QEMU closed its control socket', cause });
}
