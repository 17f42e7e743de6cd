import { messageOf } from '../../core/errors.ts';
import { ExitStatus } from '../error-render.ts';
import type { Terminal } from '../streams/terminal.ts';

/**
 * docker's way with several names: each is tried, what worked is printed, each failure is an own line on stderr, and
 * the exit status is 1 if any failed.
 *
 * @param summary what docker says of all that failed, before their names
 */
export async function eachName(
  names: readonly string[],
  terminal: Terminal,
  act: (name: string) => Promise<string | readonly string[]>,
  summary?: string,
): Promise<void> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      const lines = await act(name);
      for (const line of typeof lines === 'string' ? [lines] : lines) terminal.stdout.write(`${line}\n`);
    } catch (error) {
      failed.push(name);
      terminal.stderr.write(`${messageOf(error)}\n`);
    }
  }
  if (failed.length === 0) return;
  if (summary !== undefined) terminal.stderr.write(`Error: ${summary}: ${failed.join(', ')}\n`);
  throw new ExitStatus(1);
}
