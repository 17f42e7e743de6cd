import { createHash } from 'node:crypto';
import type { Client } from '../../contract/engine/containers/client.ts';
import { leaked, type Held } from './held.ts';

/** An engine to be used over and over. */
export interface Subject {
  readonly client: Client;
  readonly image: string;
  /** Network modes to choose from. */
  readonly networks: readonly string[];
  /** `run ARGS` of a real CLI, for one in so many; undefined: all is asked of the API. @returns stdout */
  readonly runByCli?: ((args: readonly string[]) => Promise<string>) | undefined;
  held(): Promise<Held>;
}

/** Every piece of work is a container that is created, attached to, waited for, started and removed. */
export const KINDS = ['run', 'run and exec', 'run that fails', 'run with a volume'] as const;
export type Kind = (typeof KINDS)[number];

/** One piece of work in so many goes through the CLI: its start costs more than the container. */
const CLI_EVERY = 100;

/** The seed's choice for one piece of work: the same for the same two numbers. */
export function choice(seed: number, index: number): number {
  return createHash('sha256').update(`containers/${seed}/${index}`).digest().readUInt32BE(0);
}

export function kindFor(seed: number, index: number): Kind {
  return KINDS[choice(seed, index) % KINDS.length] ?? 'run';
}

type Check = (seen: unknown, wanted: unknown) => void;

/** Does one piece of work, and checks what came of it. @throws Error */
export async function work(subject: Subject, sleeper: string, seed: number, index: number): Promise<void> {
  const { client } = subject;
  const word = `w${choice(seed, index)}`;
  const check: Check = (seen, wanted) => {
    if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
    throw new Error(`${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
  };
  const run = async (script: string, host: object = {}): Promise<{ code: number; stdout: string }> => {
    // Another part of the number than the kind's, or some kinds would never see some networks.
    const at = Math.floor(choice(seed, index) / KINDS.length) % subject.networks.length;
    const NetworkMode = subject.networks[at];
    const { code, stdout } = await client.run(['sh', '-c', script], {
      config: { Image: subject.image },
      host: { NetworkMode, ...host },
    });
    return { code, stdout };
  };
  if (subject.runByCli !== undefined && index % CLI_EVERY === 0) {
    check(await subject.runByCli(['--rm', subject.image, 'echo', word]), `${word}\n`);
    return;
  }
  switch (kindFor(seed, index)) {
    case 'run':
      check(await run(`echo ${word}`), { code: 0, stdout: `${word}\n` });
      break;
    case 'run and exec':
      check(await run(`echo ${word}`), { code: 0, stdout: `${word}\n` });
      await exec(client, sleeper, choice(seed, index), check);
      break;
    case 'run that fails':
      check((await client.run(['/nope'], { config: { Image: subject.image } })).code, 127);
      break;
    case 'run with a volume':
      check(await run(`echo ${word} > /v/x; cat /v/x`, { Mounts: [{ Type: 'volume', Target: '/v' }] }), {
        code: 0,
        stdout: `${word}\n`,
      });
      break;
  }
}

/** An exec in a container that stays: with output, with input or detached. */
async function exec(client: Client, sleeper: string, chosen: number, check: Check): Promise<void> {
  const word = `e${chosen}`;
  switch (Math.floor(chosen / 64) % 3) {
    case 0:
      check(await client.exec(sleeper, ['sh', '-c', `echo ${word}; exit 3`]), {
        code: 3,
        stdout: `${word}\n`,
        stderr: '',
      });
      break;
    case 1:
      check((await client.exec(sleeper, ['cat'], word)).stdout, word);
      break;
    default:
      check(await execDetached(client, sleeper), 5);
  }
}

async function execDetached(client: Client, sleeper: string): Promise<number> {
  const created = await client.call('POST', `/containers/${sleeper}/exec`, { Cmd: ['sh', '-c', 'exit 5'] });
  const id = String(created.json['Id']);
  await client.call('POST', `/exec/${id}/start`, { Detach: true });
  for (;;) {
    const { json } = await client.call('GET', `/exec/${id}/json`);
    if (json['Running'] === false) return Number(json['ExitCode']);
  }
}

/** Starts the container that execs run in. */
export async function startSleeper({ client, image }: Subject): Promise<string> {
  const id = await client.create({
    Image: image,
    Cmd: ['sleep', '100000'],
    HostConfig: { NetworkMode: 'none' },
  });
  const { status, text } = await client.call('POST', `/containers/${id}/start`);
  if (status !== 204) throw new Error(`the container for execs does not start: ${text}`);
  return id;
}

/** Everything once: caches, the default bridge and its rules are there for good after their first use. */
export async function warmUp({ client, image, networks }: Subject, sleeper: string): Promise<void> {
  for (const NetworkMode of networks) {
    await client.run(['true'], { config: { Image: image }, host: { NetworkMode } });
  }
  await client.exec(sleeper, ['true']);
}

/** How long the last clean-up may take after its request has been answered. */
const SETTLE_MS = 60_000;

/** What the engine holds, as soon as that is no more than before. */
export async function settled(
  subject: Subject,
  before: Held,
  engineSlackKiB?: number,
): Promise<{ held: Held; leaks: string }> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const held = await subject.held();
    const leaks = leaked(before, held, engineSlackKiB);
    if (leaks === '' || Date.now() > deadline) return { held, leaks };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
