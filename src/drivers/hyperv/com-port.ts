import type { Socket } from 'node:net';
import { systemErrorCode, WherryError } from '../../core/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import { SAY_AGAIN_LINE } from '../../protocol/boot/power.ts';
import type { ReadinessEvent, ReadinessLine } from '../../protocol/boot/readiness.ts';
import { lines } from '../guest/lines.ts';
import { parseReadinessLine } from '../guest/readiness-line.ts';
import type { HypervHost } from './host.ts';

/** Hyper-V makes the pipe some time after Start-VM, and has no way to say so. */
const CONNECT_RETRY_MS = 50;
/** What asks the guest to say its lines again may itself come before anybody reads it. */
const ASK_AGAIN_MS = 2000;

const NOT_THERE_YET = new Set<string | undefined>(['ENOENT', 'ECONNREFUSED', 'EBUSY', 'EAGAIN']);

/** Connects to the pipe of a COM port as soon as it is there. Ends with `signal`. Error: `COM_PORT_DENIED`. */
export async function connectComPort(
  host: Pick<HypervHost, 'connectPipe' | 'clock'>,
  path: string,
  signal: AbortSignal,
): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await host.connectPipe(path);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'EPERM' || code === 'EACCES') throw denied(path, error);
      if (!NOT_THERE_YET.has(code)) throw error;
    }
    await host.clock.sleep(CONNECT_RETRY_MS, signal);
  }
}

/** The pipe's other end closed. */
export class PortClosed extends Error {}

/**
 * Reads the guest's lines from a COM port up to `isLast`, each event once. What the guest said before anybody listened is
 * lost on a serial port, so it is asked to say all of it again, until it has said something.
 */
export async function readGuest(
  socket: Socket,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly isLast: (line: ReadinessLine) => boolean;
    readonly onLine: (line: ReadinessLine) => void;
  },
): Promise<ReadinessLine> {
  const seen = new Set<ReadinessEvent>();
  const done = new AbortController();
  const until = AbortSignal.any([options.signal, done.signal]);
  const asking = ask(socket, options.clock, () => seen.size > 0, until);
  const abort = (): void => void socket.destroy();
  options.signal.addEventListener('abort', abort, { once: true });
  try {
    return await new Promise<ReadinessLine>((resolve, reject) => {
      let cause: unknown;
      socket.on('error', (error) => (cause = error));
      socket.once('close', () => reject(new PortClosed('the COM port was closed', { cause })));
      lines(socket, (text) => {
        const line = parseReadinessLine(text);
        if (line === undefined || seen.has(line.event)) return;
        seen.add(line.event);
        options.onLine(line);
        if (options.isLast(line)) resolve(line);
      });
      if (options.signal.aborted) abort();
    });
  } catch (error) {
    options.signal.throwIfAborted();
    throw error;
  } finally {
    options.signal.removeEventListener('abort', abort);
    done.abort(new Error('the guest has spoken'));
    await asking;
  }
}

async function ask(
  socket: Socket,
  clock: Clock,
  isAnswered: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && !socket.destroyed && !isAnswered()) {
    socket.write(`${SAY_AGAIN_LINE}\n`);
    await clock.sleep(ASK_AGAIN_MS, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

function denied(path: string, cause: unknown): WherryError {
  return new WherryError({
    code: 'COM_PORT_DENIED',
    message: `Windows does not let this session open the machine's serial port (${path})`,
    hint: 'Run it in a terminal that was opened with "Run as administrator"',
    cause,
  });
}
