import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../contract/engine/containers/client.ts';
import { EXIT_CODE, LINES, isGone, type Told } from './load.ts';

interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
}

/** Waits for the next engine to answer. @throws Error after two minutes */
export async function untilAnswers(client: Client): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    try {
      const answer = await client.call('GET', '/_ping');
      if (answer.status === 200) return;
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    if (performance.now() > deadline) throw new Error('the engine did not come back within two minutes');
    await delay(100);
  }
}

/** Everything that was told before the kill still holds. @returns what doesn't */
export async function brokenPromises(
  client: Client,
  label: string,
  ledger: readonly Told[],
): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`soak=${label}`] }));
  const listed = (await client.call('GET', `/containers/json?all=1&filters=${filters}`)).json;
  const there = new Map((listed as unknown as Listed[]).map(({ Id }) => [Id, Id]));
  const broken: string[] = [];
  for (const told of ledger) {
    const { id, name, wrong } = told;
    if (wrong !== undefined) broken.push(`${name}: ${wrong}`);
    if (id === undefined) continue;
    if (told.removed && there.has(id)) broken.push(`${name} was removed and is back`);
    if (told.removeAsked) continue;
    if (!there.has(id)) broken.push(`${name} was created and is lost`);
    else if (told.started) broken.push(...(await brokenRun(client, told, id)));
  }
  return broken;
}

async function brokenRun(client: Client, told: Told, id: string): Promise<string[]> {
  const { kind, name, pid } = told;
  if (kind === 'ends') {
    const waited = await client.call('POST', `/containers/${id}/wait`);
    const code = waited.json['StatusCode'];
    const log = await client.bytes('GET', `/containers/${id}/logs?stdout=1`);
    const lines = log.toString('latin1').match(/line \d+/g) ?? [];
    const whole = lines.length === LINES && lines.at(-1) === `line ${LINES}`;
    return [
      ...(code === EXIT_CODE ? [] : [`${name} ended with ${String(code)} instead of ${EXIT_CODE}`]),
      ...(whole ? [] : [`${name} has ${lines.length} lines in its log instead of ${LINES}`]),
    ];
  }
  const { json } = await client.call('GET', `/containers/${id}/json`);
  const state = json['State'] as { Status: string; Pid: number };
  if (state.Status !== 'running') return [`${name} ran and is ${state.Status}`];
  if (pid !== undefined && state.Pid !== pid) return [`${name} was process ${pid} and is ${state.Pid}`];
  const exec = await client.call('POST', `/containers/${id}/exec`, {
    Cmd: ['echo', 'here'],
    AttachStdout: true,
  });
  const { output } = await client.hijack(`/exec/${String(exec.json['Id'])}/start`, '{}');
  const { stdout } = await output;
  return stdout === 'here\n' ? [] : [`${name} runs, but exec says ${JSON.stringify(stdout)}`];
}

/** Removes what the load made, acknowledged or not. @returns what could not be removed */
export async function removeAll(client: Client, label: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`soak=${label}`] }));
  const listed = (await client.call('GET', `/containers/json?all=1&filters=${filters}`)).json;
  const failures: string[] = [];
  for (const { Id, Names } of listed as unknown as Listed[]) {
    const answer = await client.call('DELETE', `/containers/${Id}?force=1`);
    if (answer.status !== 204) failures.push(`${Names.join()} can't be removed: ${answer.text}`);
  }
  return failures;
}
