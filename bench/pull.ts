import type { World } from '../test/helpers/e2e-world.ts';
import { meterOf, PATIENT, type Cost } from './pull/cost.ts';
import { debianLayout } from './pull/debian-layers.ts';
import { timeFigures } from './pull/figures.ts';
import { floorScript } from './pull/floor.ts';
import { LARGE, MANY, PEERS } from './pull/images.ts';
import { NAMES } from './pull/names.ts';
import { startPeers } from './pull/peers.ts';
import { pushLayout, pushPart } from './pull/registry-image.ts';
import { memoryWhile, storeBytes } from './pull/space.ts';
import { figure, type Figure } from './statistics.ts';

/** Each round takes minutes, most of them the peers'. */
const ROUNDS = Number(process.env['BENCH_PULL_ROUNDS'] ?? 3);
const MIB = 1024 * 1024;

/**
 * A pull of 180 MB in five layers, in rounds: ours, the floor, dockerd's. All run in the same VM, pull from the same
 * registry on the host and end when one command from the host ends. podman's, and the floor by Debian's defaults, come
 * in the first round only: they take long, and no bound is that near. Besides the time that passed there is the
 * processor time that the VM took, which holds also on a computer that has other things to do.
 */
export async function benchPull(world: World): Promise<Figure[]> {
  // What takes a minute each at the first time, and stays: an interrupted run goes on behind those that are made.
  for (const image of [LARGE, PEERS, MANY]) {
    console.log(`The image ${image.name} is in ${await debianLayout(image)}`);
  }
  const repository = `bench/${LARGE.name}`;
  const layout = await debianLayout(LARGE);
  const layers = await pushLayout(world, layout, `${repository}:latest`);
  const last = layers.length - 1;
  await pushPart(world, layout, `${repository}:below`, (at) => at < last);
  await pushPart(world, layout, `${repository}:last`, (at) => at === last);
  const image = (tag: string): string => `${world.registryHost}/${repository}:${tag}`;
  const pull = (tag: string) => async () => await world.ok(['pull', '-q', image(tag)], PATIENT);
  const remove = async (...tags: string[]) => await world.ok(['rmi', ...tags.map(image)]);

  const peers = await startPeers(world);
  const meter = meterOf(world);
  const costs = new Map<string, Cost[]>();
  const note = async (name: string, body: () => Promise<unknown>): Promise<void> => {
    const cost = await meter(body);
    costs.set(name, [...(costs.get(name) ?? []), cost]);
    console.log(
      `${name}: ${(cost.ms / 1000).toFixed(1)} s, ${(cost.cpuMs / 1000).toFixed(1)} s of processor`,
    );
  };
  /** A peer that fails has no figure, and says why: what came before it isn't lost. */
  const notePeer = async (name: string, body: () => Promise<unknown>): Promise<void> => {
    try {
      await note(name, body);
    } catch (error) {
      console.log(`${name}: no figure: ${String(error)}`);
    }
  };
  const floor = (tuned: boolean) => async () =>
    await peers.run(floorScript(world.registryHost, repository, layers, tuned));
  for (let round = 0; round < ROUNDS; round++) {
    await note(NAMES.ours, pull('latest'));
    // Its layers are there: this costs a manifest, and keeps four of them.
    await pull('below')();
    await remove('latest');
    await note(NAMES.fifth, pull('latest'));
    await remove('latest', 'below');
    await note(NAMES.alone, pull('last'));
    await remove('last');
    await notePeer(NAMES.floor, floor(true));
    await notePeer(NAMES.docker, async () => await peers.dockerPull(image('latest')));
    await peers.dockerClean();
    if (round > 0) continue;
    await notePeer(NAMES.untuned, floor(false));
    await notePeer(NAMES.podman, async () => await peers.podmanPull(image('latest')));
    await peers.podmanClean();
  }
  await peers.stop();

  const before = await storeBytes(world);
  const large = await memoryWhile(world, NAMES.ours, pull('latest'));
  const after = await storeBytes(world);
  const unpacked = Number(await world.ok(['image', 'inspect', '-f', '{{.Size}}', image('latest')]));
  await remove('latest');
  return [
    ...timeFigures(costs),
    figure('unpacked', 'MiB', [unpacked / MIB]),
    against(figure('EROFS files', 'MiB', [(after.erofs - before.erofs) / MIB]), unpacked / MIB, 'unpacked'),
    figure('compressed blobs, kept beside them', 'MiB', [(after.blobs - before.blobs) / MIB]),
    ...large.figures,
    ...(await manyEntries(world)),
  ];
}

const against = (found: Figure, middle: number, name: string): Figure => ({
  ...found,
  ratio: `${(found.median / middle).toFixed(3)} × ${name}`,
});

/** mkfs.erofs's memory for each entry, and the engine's, of a layer that is nothing but entries. */
async function manyEntries(world: World): Promise<Figure[]> {
  const name = `bench/${MANY.name}:latest`;
  await pushLayout(world, await debianLayout(MANY), name);
  const reference = `${world.registryHost}/${name}`;
  const { figures, mkfsBytes } = await memoryWhile(world, 'pull of 100,000 entries', () =>
    world.ok(['pull', '-q', reference], PATIENT),
  );
  await world.ok(['rmi', reference]);
  const entries = MANY.extra?.length ?? 0;
  return [...figures, figure('mkfs.erofs for each entry', 'KiB', [mkfsBytes / 1024 / entries])];
}
