import { messageOf } from '../../core/errors.ts';
import { ExitStatus } from '../error-render.ts';
import type { Terminal } from '../streams/terminal.ts';

/**
 * docker's way with several names: each is tried, what worked is printed, each failure is an own line on stderr, and
 * the exit status is 1 if any failed.
 */
export async function eachName(
  names: readonly string[],
  terminal: Terminal,
  act: (name: string) => Promise<string | readonly string[]>,
): Promise<void> {
  let failed = false;
  for (const name of names) {
    try {
      const lines = await act(name);
      for (const line of typeof lines === 'string' ? [lines] : lines) terminal.stdout.write(`${line}\n`);
    } catch (error) {
      failed = true;
      terminal.stderr.write(`${messageOf(error)}\n`);
    }
  }
  if (failed) throw new ExitStatus(1);
}
