import { ExitStatus, renderError } from '../error-render.ts';
import { globalFlags } from '../invocation.ts';
import type { Terminal } from '../streams/terminal.ts';

/**
 * Does something to each of the machines named. One that fails is told at once, with its hint, and the others are still
 * tried, as docker-machine does; an interruption ends all of it.
 *
 * @throws ExitStatus the last failure's
 */
export async function eachMachine(
  names: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
  act: (name: string) => Promise<void>,
): Promise<void> {
  let status = 0;
  for (const name of names) {
    signal.throwIfAborted();
    try {
      await act(name);
    } catch (error) {
      status = renderError(error, terminal.stderr, globalFlags().debug);
    }
  }
  if (status !== 0) throw new ExitStatus(status);
}
