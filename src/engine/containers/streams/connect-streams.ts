import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../sys/errno.ts';
import { socketsOf, untilAccepted } from '../../sys/process-sockets.ts';
import type { AttachHub } from './attach-hub.ts';

/** A machine that is busy beyond this has other worries than a line of output. */
const TIMEOUT_MS = 10_000;

/**
 * Connects a hub to the conmon of a container that is created and doesn't run yet. To be connected isn't enough: a
 * process that is over before conmon comes to accept the connection has its output read without it, for conmon looks
 * for ended processes first (conmon 2.1, conmon.c, on_signalfd_cb).
 *
 * @returns a wait until conmon has accepted: the process may run from then on. It fails after 10 s
 */
export async function connectStreams(hub: AttachHub, bundle: string): Promise<() => Promise<void>> {
  const conmon = await conmonPid(bundle);
  const before = socketsOf(conmon);
  hub.connect(join(bundle, 'attach'));
  return async () => {
    if (before !== undefined) await untilAccepted(conmon, before, TIMEOUT_MS);
  };
}

/** The process that conmon was started as writes the file before it ends; its child may be faster. */
async function conmonPid(bundle: string): Promise<number> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return Number(readFileSync(join(bundle, 'conmon.pid'), 'utf8'));
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || performance.now() > deadline) throw error;
    }
    await delay(1);
  }
}
