import { spawn } from 'node:child_process';
import type { Finished } from './process.ts';

/** A program under way, in a process group of its own, as a shell's foreground job is. */
export interface Spawned {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  /** What it has written to both streams so far. */
  output(): string;
  /** Resolves once the output matches; fails if the program ends before that. */
  says(pattern: RegExp): Promise<void>;
  /** As Ctrl-C does it on a terminal: the signal goes to the whole group. */
  signalGroup(signal: NodeJS.Signals): void;
}

export function spawnProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Spawned {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started`);
  const said = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const output = (): string => said.stdout + said.stderr;
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    // Not `exit`, which may come before the last of the output. A VM or an agent that outlives it has its own streams.
    child.once('close', (status, signal) => resolve({ status, signal, ...said }));
  });
  return {
    pid,
    finished,
    output,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(output())) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        void finished.then(
          () => reject(new Error(`it ended without saying ${pattern}:\n${output()}`)),
          reject,
        );
        look();
      }),
    signalGroup: (signal) => {
      process.kill(-pid, signal);
    },
  };
}
