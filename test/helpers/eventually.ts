import { setTimeout as pause } from 'node:timers/promises';

/** Under emulation, on a busy computer; a test that passes never waits for it. */
const WITHIN_MS = 120_000;
const AGAIN_MS = 100;

/**
 * Reads until what was read is right: for effects that come in their own time after the call which caused them.
 * @returns what was read then
 * @throws Error with the last reading after two minutes; at once what `read` throws
 */
export async function eventually<T>(
  read: () => Promise<T>,
  isRight: (found: T) => boolean,
  what: string,
): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const found = await read();
    if (isRight(found)) return found;
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${WITHIN_MS / 1000} s; last: ${JSON.stringify(found)}`);
    }
    await pause(AGAIN_MS);
  }
}
