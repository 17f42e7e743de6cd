import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesOf, untilProcesses } from '../helpers/machine/processes.ts';
import type { Finished } from '../helpers/process.ts';

/** How a machine came down before a start. */
export const ENDINGS = ['stop', 'kill', 'kill -9 of QEMU', 'kill -9 of QEMU and the agent'] as const;
export type Ending = (typeof ENDINGS)[number];

export interface StartRecord {
  readonly index: number;
  readonly ending: Ending;
  /** `machine start` and the engine's answer together, milliseconds. */
  readonly ms: number;
  /** What went wrong, with the console's last lines; undefined where the engine answered. */
  readonly failure?: string | undefined;
}

/** A machine to be started over and over. It exists and runs. */
export interface Subject {
  readonly home: string;
  readonly name: string;
  wherry(args: readonly string[]): Promise<Finished>;
}

/** The seed's choice for one start; the same for the same two numbers, so that a soak can go on where it was. */
export function endingFor(seed: number, index: number): Ending {
  const byte = createHash('sha256').update(`${seed}/${index}`).digest().readUInt32BE(0);
  return ENDINGS[byte % ENDINGS.length] ?? 'stop';
}

/** Brings the machine down in the seed's way, starts it, and asks its engine. */
export async function soakStart(subject: Subject, seed: number, index: number): Promise<StartRecord> {
  const ending = endingFor(seed, index);
  try {
    await end(subject, ending);
    const started = performance.now();
    await ok(subject, ['machine', 'start', subject.name]);
    const version = await ok(subject, [
      '--machine',
      subject.name,
      'version',
      '--format',
      '{{.Server.Version}}',
    ]);
    const ms = Math.round(performance.now() - started);
    if (!/^\d+\.\d+/.test(version)) throw new Error(`the engine's version is ${JSON.stringify(version)}`);
    return { index, ending, ms };
  } catch (error) {
    const failure = `${error instanceof Error ? error.message : String(error)}\n${consoleEnd(subject)}`;
    return { index, ending, ms: 0, failure };
  }
}

async function end(subject: Subject, ending: Ending): Promise<void> {
  const { home, name } = subject;
  // After a failed start there may be nothing to end.
  const { qemu, agent } = await processesOf(home, name);
  if (qemu.length === 0) return;
  if (ending === 'stop' || ending === 'kill') {
    await ok(subject, ['machine', ending, name]);
    return;
  }
  const victims = ending === 'kill -9 of QEMU' ? qemu : [...qemu, ...agent];
  for (const { pid } of victims) process.kill(pid, 'SIGKILL');
  await untilProcesses(home, name, (now) => now.qemu.length === 0);
}

async function ok(subject: Subject, args: readonly string[]): Promise<string> {
  const result = await subject.wherry(args);
  if (result.status === 0) return result.stdout;
  throw new Error(`wherry ${args.join(' ')}: exit ${result.status ?? result.signal}\n${result.stderr}`);
}

function consoleEnd({ home, name }: Subject): string {
  try {
    return readFileSync(join(home, 'machines', name, 'console.log'), 'utf8')
      .split('\n')
      .slice(-20)
      .join('\n');
  } catch (error) {
    return `(no console log: ${String(error)})`;
  }
}
