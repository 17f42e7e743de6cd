import type { Socket } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import type { DetachedProcess } from '../../platform/exec.ts';
import type { ReadinessLine } from '../../protocol/boot/readiness.ts';
import { lines } from '../guest/lines.ts';
import { parseReadinessLine } from '../guest/readiness-line.ts';
import { connectWhenListening, type LocalEndpoint } from './endpoint.ts';

export interface GuestWait {
  readonly clock: Clock;
  readonly child: DetachedProcess;
  readonly ready: LocalEndpoint;
  readonly signal: AbortSignal;
  /** Whether a line is the one that is waited for. */
  readonly isLast: (line: ReadinessLine) => boolean;
  readonly onLine?: ((line: ReadinessLine) => void) | undefined;
}

/**
 * Connects to the readiness port of a QEMU that was just started and reads the guest's lines up to the last one;
 * `exited` if QEMU ends without it. Lines that a dying QEMU still had in its socket count.
 */
export async function guestWord(wait: GuestWait): Promise<ReadinessLine | 'exited'> {
  const gone = new AbortController();
  void wait.child.exited.then(() => gone.abort());
  let socket: Socket;
  try {
    socket = await connectWhenListening(wait.ready, wait.clock, AbortSignal.any([wait.signal, gone.signal]));
  } catch (error) {
    if (gone.signal.aborted && !wait.signal.aborted) return 'exited';
    throw error;
  }
  const abort = (): void => void socket.destroy();
  wait.signal.addEventListener('abort', abort, { once: true });
  try {
    return await readLines(socket, wait);
  } catch (error) {
    if (wait.signal.aborted || !(error instanceof PortClosed)) throw error;
    await wait.child.exited;
    return 'exited';
  } finally {
    wait.signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

class PortClosed extends Error {}

function readLines(socket: Socket, wait: GuestWait): Promise<ReadinessLine> {
  return new Promise((resolve, reject) => {
    let cause: unknown;
    socket.on('error', (error) => (cause = error));
    socket.once('close', () => reject(new PortClosed('the readiness port was closed', { cause })));
    lines(socket, (text) => {
      const line = parseReadinessLine(text);
      if (line === undefined) return;
      try {
        wait.onLine?.(line);
        if (wait.isLast(line)) resolve(line);
      } catch (error) {
        reject(error);
      }
    });
  });
}
