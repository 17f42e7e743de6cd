import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../helpers/eventually.ts';
import { processesOf } from '../../helpers/machine/processes.ts';
import type { Finished } from '../../helpers/process.ts';

/** A home that machines are made in, and the command line that makes them. */
export interface Place {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  wherry(args: readonly string[]): Promise<Finished>;
}

/** What `machine ls` says of a machine: undefined where it isn't listed. */
export interface Listed {
  readonly state: string;
  readonly version: string;
  readonly error: string;
}

export async function listed(place: Place, name: string): Promise<Listed | undefined> {
  const format = '{{.Name}}|{{.State}}|{{.DockerVersion}}|{{.Error}}';
  const { status, stdout, stderr } = await place.wherry(['machine', 'ls', '-t', '120', '-f', format]);
  if (status !== 0) throw new Error(`machine ls: exit ${status}\n${stderr}`);
  const row = stdout.split('\n').find((line) => line.startsWith(`${name}|`));
  if (row === undefined) return undefined;
  const [, state = '', version = '', ...error] = row.split('|');
  return { state, version, error: error.join('|') };
}

/** Whether `ls` is right, beside /proc: nothing is called running, stopped or gone that isn't. */
function isRight(found: Listed | undefined, qemus: number, agents: number): boolean {
  if (found === undefined) return qemus + agents === 0;
  switch (found.state) {
    case 'Stopped':
      return qemus + agents === 0;
    case 'Running':
      return qemus === 1 && found.error === '';
    case 'Error':
      return qemus === 1 && found.error === 'its start was cut off';
    default:
      return false;
  }
}

/**
 * What `ls` says once the processes that the last command has left have ended; fails where that never becomes right.
 * No command is under way.
 */
export async function settled(place: Place, name: string): Promise<Listed | undefined> {
  const { found } = await eventually(
    async () => {
      const found = await listed(place, name);
      const { qemu, agent } = await processesOf(place.home, name);
      return { found, qemus: qemu.length, agents: agent.length };
    },
    ({ found, qemus, agents }) => isRight(found, qemus, agents),
    'machine ls is right',
  );
  return found;
}

/** What a removed machine has left on the disk. Half-made and half-removed ones are the next create's to sweep. */
export function leftovers({ home }: Place, name: string): string[] {
  const machines = join(home, 'machines');
  return existsSync(machines) ? readdirSync(machines).filter((entry) => entry === name) : [];
}
