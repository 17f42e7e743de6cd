import { constants } from 'node:os';
import { pipeline } from 'node:stream/promises';
import type { MachineContext } from '../../machine/context.ts';
import { openMachineShell } from '../../machine/ssh.ts';
import { exitStatusOf } from '../../ssh/remote-process.ts';
import { followSize, pumpStdin, type Terminal } from '../streams/terminal.ts';

/**
 * A command in the machine, or a login shell: with a PTY where the terminal is one. Words are joined by spaces, as ssh
 * does; the account's shell splits them again.
 * @returns the command's exit status
 */
export async function runMachineShell(
  context: MachineContext,
  name: string,
  command: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { stdin, stdout, stderr } = terminal;
  const isTerminal = stdin.isTTY && stdout.isTTY && command.length === 0;
  const pty = isTerminal
    ? { term: process.env['TERM'] ?? 'xterm', columns: stdout.columns, rows: stdout.rows }
    : undefined;
  const shell = await openMachineShell(
    context,
    name,
    { command: command.length === 0 ? undefined : command.join(' '), pty },
    signal,
  );
  const remote = shell.process;
  const stop = pumpStdin(stdin, remote.stdin, { raw: isTerminal, detach: undefined });
  const stopResizing = isTerminal
    ? followSize(
        stdout,
        async (rows, columns) => remote.resize(columns, rows),
        () => undefined,
      )
    : () => undefined;
  try {
    await Promise.all([
      pipeline(remote.stdout, stdout, { end: false }),
      pipeline(remote.stderr, stderr, { end: false }),
    ]);
    return exitStatusOf(await remote.exited, constants.signals);
  } finally {
    stop();
    stopResizing();
    shell.close();
  }
}
