import { spawn } from 'node:child_process';

export interface TerminalSession {
  /** Everything that the program has written to its terminal. */
  readonly seen: string;
  readonly status: number | null;
}

/**
 * Runs a program on a pseudo-terminal (script(1)) and answers it: each step waits for a text, then types.
 */
export async function onTerminal(
  argv: readonly string[],
  steps: readonly { readonly sees: string | RegExp; readonly types: string }[],
  env: NodeJS.ProcessEnv,
): Promise<TerminalSession> {
  const command = argv.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const child = spawn('script', ['-qec', `stty rows 33 cols 99; exec ${command}`, '/dev/null'], {
    env: { ...env, TERM: 'xterm' },
  });
  let seen = '';
  let unread = '';
  const left = [...steps];
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    unread += chunk.toString();
    const [next] = left;
    if (
      next === undefined ||
      !(typeof next.sees === 'string' ? unread.includes(next.sees) : next.sees.test(unread))
    )
      return;
    left.shift();
    unread = '';
    child.stdin.write(next.types);
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { seen, status };
}
