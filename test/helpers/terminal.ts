import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Less than the test has, so that what was seen is told. */
const WITHIN_MS = 240_000;

export interface TerminalSession {
  /** Everything that the program has written to its terminal. */
  readonly seen: string;
  readonly status: number | null;
}

/**
 * Runs a program on a pseudo-terminal (script(1)) and answers it: each step waits for a text, then types.
 * @throws Error with what was seen if the program doesn't end within four minutes, for it waits for what nobody types
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
  const timer = setTimeout(() => child.kill('SIGKILL'), WITHIN_MS);
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (signal === 'SIGKILL') {
    const wanted = left.map(({ sees }) => String(sees)).join(', then ') || 'its end';
    throw new Error(`${argv.join(' ')}: waited for ${wanted}; seen:\n${seen}`);
  }
  return { seen, status };
}
