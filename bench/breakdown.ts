import { join } from 'node:path';
import { Client } from '../test/contract/engine/containers/client.ts';
import { MACHINE, type World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';

type Spans = Record<string, number>;

/**
 * Where the time of `run --rm busybox true` and of `exec true` goes: the same requests as the CLI's, over the same
 * socket, each timed by itself. What is left of the whole is the CLI's own: Node's start, loading, looking at the machine.
 */
export async function benchBreakdown(
  world: World,
  runs: number,
  whole: { readonly run: Figure; readonly exec: Figure; readonly container: string },
): Promise<Figure[]> {
  const client = new Client(join(world.home, 'machines', MACHINE, 'docker.sock'));
  const image = world.image('busybox');
  const run = await repeated(runs, () => runSpans(client, image));
  const exec = await repeated(runs, () => execSpans(client, whole.container));
  return [...parts('run', run, whole.run), ...parts('exec', exec, whole.exec)];
}

async function runSpans(client: Client, image: string): Promise<Spans> {
  const span = stopwatch();
  const id = await client.create({
    Image: image,
    Cmd: ['true'],
    HostConfig: { AutoRemove: true, NetworkMode: 'bridge' },
  });
  span('create');
  const { output } = await client.hijack(`/containers/${id}/attach?stream=1&stdout=1&stderr=1`);
  const { end } = await client.waitFor(id, 'removed');
  span('attach and wait');
  const started = await client.call('POST', `/containers/${id}/start`);
  if (started.status !== 204) throw new Error(started.text);
  span('start: snapshot, network, conmon, crun create');
  await output;
  span('the command, to the end of its output');
  await end;
  return span('exit code, removal');
}

async function execSpans(client: Client, id: string): Promise<Spans> {
  const span = stopwatch();
  const { json } = await client.call('POST', `/containers/${id}/exec`, { Cmd: ['true'], AttachStdout: true });
  const execId = String(json['Id']);
  span('create');
  const { output } = await client.hijack(`/exec/${execId}/start`, '{}');
  await output;
  span('start: conmon, crun exec, to the end of its output');
  await client.call('GET', `/exec/${execId}/json`);
  return span('exit code');
}

/** Notes the time since the last note under a name. */
function stopwatch(): (name: string) => Spans {
  const spans: Spans = {};
  let last = performance.now();
  return (name) => {
    const now = performance.now();
    spans[name] = now - last;
    last = now;
    return spans;
  };
}

/** After one that doesn't count. */
async function repeated(count: number, body: () => Promise<Spans>): Promise<Spans[]> {
  await body();
  const all: Spans[] = [];
  while (all.length < count) all.push(await body());
  return all;
}

function parts(name: string, all: readonly Spans[], whole: Figure): Figure[] {
  const figures = Object.keys(all[0] ?? {}).map((span) =>
    figure(
      `  ${name}: ${span}`,
      'ms',
      all.map((spans) => spans[span] ?? 0),
    ),
  );
  const rest = Math.max(0, whole.median - figures.reduce((sum, { median }) => sum + median, 0));
  return [...figures, figure(`  ${name}: the CLI's own`, 'ms', [rest])];
}
