import { createHash } from 'node:crypto';
import { Client, type Answer } from '../../contract/engine/containers/client.ts';

/** What a worker's container does: it stays, it prints and ends by itself, or it is removed again at once. */
export const KINDS = ['stays', 'ends', 'goes'] as const;
export type Kind = (typeof KINDS)[number];

/** What one container's client was told before the engine was killed. Not told: it may have happened or not. */
export interface Told {
  readonly name: string;
  readonly kind: Kind;
  id?: string;
  /** Its process, when it was asked for after the start. */
  pid?: number;
  started: boolean;
  removeAsked: boolean;
  removed: boolean;
  /** An answer that the engine should not have given. */
  wrong?: string;
}

export const LINES = 40;
export const EXIT_CODE = 7;

const SCRIPTS: Readonly<Record<Kind, string>> = {
  stays: 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done',
  ends: `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo line $i; done; exit ${EXIT_CODE}`,
  goes: 'sleep 1000',
};

/** A number below `limit`, the same for the same words. */
export function chosen(limit: number, ...words: readonly (string | number)[]): number {
  return createHash('sha256').update(words.join('/')).digest().readUInt32BE(0) % limit;
}

/**
 * Creates, starts, asks, runs execs in and removes containers, until the engine is gone. Every answer is noted where it
 * is known, so what `ledger` says was told.
 */
export async function load(
  socketPath: string,
  image: string,
  label: string,
  seed: string,
  ledger: Told[],
): Promise<void> {
  const client = new Client(socketPath);
  for (let turn = 0; ; turn += 1) {
    const kind = KINDS[chosen(KINDS.length, seed, turn)] ?? 'stays';
    const told: Told = {
      name: `${seed.replaceAll('/', '-')}-${turn}`,
      kind,
      started: false,
      removeAsked: false,
      removed: false,
    };
    ledger.push(told);
    try {
      await oneContainer(client, image, label, told);
    } catch (error) {
      if (isGone(error)) return;
      told.wrong = String(error);
      return;
    }
  }
}

async function oneContainer(client: Client, image: string, label: string, told: Told): Promise<void> {
  const created = await expected(client, 201, 'POST', `/containers/create?name=${told.name}`, {
    Image: image,
    Cmd: ['sh', '-c', SCRIPTS[told.kind]],
    Labels: { soak: label },
    HostConfig: { NetworkMode: 'none' },
  });
  told.id = String(created.json['Id']);
  await expected(client, 204, 'POST', `/containers/${told.id}/start`);
  told.started = true;
  if (told.kind === 'ends') return;
  const inspected = await expected(client, 200, 'GET', `/containers/${told.id}/json`);
  told.pid = (inspected.json['State'] as { Pid: number }).Pid;
  const exec = await expected(client, 201, 'POST', `/containers/${told.id}/exec`, { Cmd: ['true'] });
  await expected(client, 200, 'POST', `/exec/${String(exec.json['Id'])}/start`, { Detach: true });
  if (told.kind === 'stays') return;
  told.removeAsked = true;
  await expected(client, 204, 'DELETE', `/containers/${told.id}?force=1`);
  told.removed = true;
}

async function expected(
  client: Client,
  status: number,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const answer = await client.call(method, path, body);
  if (answer.status !== status) {
    throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: ${answer.text}`);
  }
  return answer;
}

/** The connection broke, or the agent says that nobody answers behind it. */
export function isGone(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOENT'].includes(String(code)) ||
    /aborted|socket hang up|terminated/.test(String(message))
  );
}
