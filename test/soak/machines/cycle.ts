import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { repository } from '../../helpers/e2e-world.ts';
import { processesOf, untilProcesses } from '../../helpers/machine/processes.ts';
import type { Finished } from '../../helpers/process.ts';
import { spawnProgram } from '../../helpers/spawned.ts';
import { leftovers, settled, type Listed, type Place } from './look.ts';
import { planFor, type Blow, type Down, type Plan } from './plan.ts';

export interface CycleRecord {
  readonly index: number;
  readonly plan: Plan;
  /** The blows that came while their commands were under way. */
  readonly midway: readonly string[];
  readonly seconds: number;
  /** What didn't end rightly, with the console's last lines. */
  readonly failure?: string | undefined;
}

/** How long the commands take undisturbed, milliseconds; learnt as the soak goes. */
export interface Usual {
  create: number;
  start: number;
  rm: number;
}

/** One command with a blow. `hit`: the blow came before its end. */
interface Struck {
  readonly hit: boolean;
  readonly results: readonly Finished[];
}

const SIZE = ['--cpus', '1', '--memory', '512', '--disk', '2'];

/**
 * A machine's life, with faults: create, down, start, rm, each struck as the seed has it. After each command `ls` must be
 * right, a command that failed must have said why, and the next one must work.
 */
export async function soakCycle(
  place: Place,
  name: string,
  seed: number,
  index: number,
  usual: Usual,
): Promise<CycleRecord> {
  const plan = planFor(seed, index);
  const midway: string[] = [];
  const begun = performance.now();
  const record = () => ({ index, plan, midway, seconds: Math.round((performance.now() - begun) / 1000) });
  try {
    const verbs = {
      create: ['machine', 'create', ...SIZE, name],
      start: ['machine', 'start', name],
      rm: ['machine', 'rm', '-f', name],
    } as const;
    for (const verb of ['create', 'start', 'rm'] as const) {
      if (verb === 'start') await bringDown(place, name, plan.down);
      const struck = await strike(place, name, verbs[verb], plan[verb], usual[verb]);
      if (struck.hit) midway.push(`${verb}: ${plan[verb].fault}`);
      requireWords(verb, struck);
      const found = await settled(place, name);
      if (verb === 'rm') await requireGone(place, name, found, verbs.rm);
      else await requireWorking(place, name, found, verbs);
    }
    return record();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...record(), failure: `${message}\n${consoleEnd(place, name)}` };
  }
}

async function strike(
  place: Place,
  name: string,
  words: readonly string[],
  { fault, at }: Blow,
  usualMs: number,
): Promise<Struck> {
  const spawn = () =>
    spawnProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...words], place.env);
  const command = spawn();
  let ended = false;
  const finished = command.finished.finally(() => (ended = true));
  await Promise.race([pause(at * usualMs), finished]);
  const others: Finished[] = [];
  const hit = !ended && fault !== 'nothing';
  if (fault === 'the same command twice') others.push(await spawn().finished);
  else if (hit && fault === 'Ctrl-C') command.signalGroup('SIGINT');
  else if (hit && fault === 'kill -9 of the command') process.kill(command.pid, 'SIGKILL');
  else if (fault === 'kill -9 of QEMU') await kill9(place, name, ['qemu']);
  else if (fault === 'kill -9 of the agent') await kill9(place, name, ['agent']);
  return { hit, results: [await finished, ...others] };
}

/** Kills what is there of them; whether it is theirs is /proc's to say. */
async function kill9(place: Place, name: string, whom: readonly ('qemu' | 'agent')[]): Promise<void> {
  const found = await processesOf(place.home, name);
  for (const { pid } of whom.flatMap((kind) => found[kind])) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** A command that fails, and wasn't killed, says so in words; one that was interrupted needn't. */
function requireWords(verb: string, { results }: Struck): void {
  for (const { status, stderr } of results) {
    if (status === 0 || status === null || status === 130) continue;
    if (!/^(Error|Machine|Docker machine)\b/m.test(stderr) && !/machine/.test(stderr)) {
      throw new Error(`${verb}: exit ${status} without a word of why:\n${stderr}`);
    }
    if (/\n\s+at .*\.[jt]s:\d+/.test(stderr)) throw new Error(`${verb}: a stack trace:\n${stderr}`);
  }
}

/** The machine is there and runs, after the one command that its state asks for. */
async function requireWorking(
  place: Place,
  name: string,
  found: Listed | undefined,
  verbs: { readonly create: readonly string[]; readonly start: readonly string[] },
): Promise<void> {
  if (found?.state !== 'Running') {
    const words = found === undefined ? verbs.create : verbs.start;
    const mended = await place.wherry(words);
    if (mended.status !== 0) throw new Error(`${words.join(' ')}: exit ${mended.status}\n${mended.stderr}`);
  }
  const now = await settled(place, name);
  if (now?.state !== 'Running' || !/^v\d/.test(now.version)) {
    throw new Error(`the machine does not run: ${JSON.stringify(now)}`);
  }
}

async function requireGone(
  place: Place,
  name: string,
  found: Listed | undefined,
  rm: readonly string[],
): Promise<void> {
  if (found !== undefined) {
    const again = await place.wherry(rm);
    if (again.status !== 0) throw new Error(`${rm.join(' ')}: exit ${again.status}\n${again.stderr}`);
  }
  if ((await settled(place, name)) !== undefined) throw new Error('the machine is still listed after rm');
  const left = leftovers(place, name);
  if (left.length > 0) throw new Error(`rm left ${left.join(', ')}`);
}

async function bringDown(place: Place, name: string, down: Down): Promise<void> {
  if (down === 'stop' || down === 'kill' || down === 'restart') {
    const { status, stderr } = await place.wherry(['machine', down, name]);
    if (status !== 0) throw new Error(`machine ${down}: exit ${status}\n${stderr}`);
    return;
  }
  const whom = down === 'kill -9 of both' ? (['qemu', 'agent'] as const) : undefined;
  const kinds = whom ?? ([down === 'kill -9 of QEMU' ? 'qemu' : 'agent'] as const);
  await kill9(place, name, kinds);
  await untilProcesses(place.home, name, (now) => kinds.every((kind) => now[kind].length === 0));
}

function consoleEnd({ home }: Place, name: string): string {
  try {
    const text = readFileSync(join(home, 'machines', name, 'console.log'), 'utf8');
    return text.split('\n').slice(-15).join('\n');
  } catch (error) {
    return `(no console log: ${String(error)})`;
  }
}
