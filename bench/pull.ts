import type { World } from '../test/helpers/e2e-world.ts';
import { meterOf, PATIENT, type Cost } from './pull/cost.ts';
import { debianLayout } from './pull/debian-layers.ts';
import { floorScript } from './pull/floor.ts';
import { LARGE, MANY } from './pull/images.ts';
import { startPeers } from './pull/peers.ts';
import { pushLayout, pushPart } from './pull/registry-image.ts';
import { memoryWhile, storeBytes } from './pull/space.ts';
import { figure, type Figure } from './statistics.ts';

/** Each round takes minutes, most of them the peers'. */
const ROUNDS = Number(process.env['BENCH_PULL_ROUNDS'] ?? 3);
const MIB = 1024 * 1024;

/**
 * A pull of 180 MB in five layers, in rounds: ours, the floor, dockerd's, podman's. All run in the same VM, pull from the
 * same registry on the host and end when one command from the host ends. Besides the time that passed there is the
 * processor time that the VM took, which holds also on a computer that has other things to do.
 */
export async function benchPull(world: World): Promise<Figure[]> {
  const layout = await debianLayout(LARGE);
  const repository = `bench/${LARGE.name}`;
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
  const floor = (tuned: boolean) => async () =>
    await peers.run(floorScript(world.registryHost, repository, layers, tuned));
  for (let round = 0; round < ROUNDS; round++) {
    await note(NAMES.ours, pull('latest'));
    await remove('latest');
    await note(NAMES.floor, floor(true));
    await note(NAMES.untuned, floor(false));
    await note(NAMES.docker, () => peers.dockerPull(image('latest')));
    await peers.dockerRemove(image('latest'));
    await note(NAMES.podman, () => peers.podmanPull(image('latest')));
    await peers.podmanRemove(image('latest'));
    await note(NAMES.alone, pull('last'));
    await remove('last');
    await pull('below')();
    await note(NAMES.fifth, pull('latest'));
    await remove('latest', 'below');
  }
  await peers.stop();

  const before = await storeBytes(world);
  const large = await memoryWhile(world, 'pull of five layers', pull('latest'));
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

const NAMES = {
  ours: 'pull of five layers',
  floor: 'curl | tee >(sha256sum) | gunzip | sha256sum',
  untuned: 'the same, OpenSSL as it comes',
  docker: 'docker pull',
  podman: 'podman pull',
  alone: 'pull of the fifth layer alone',
  fifth: 'pull where four of the five are there',
} as const;

function timeFigures(costs: ReadonlyMap<string, readonly Cost[]>): Figure[] {
  return (['ms', 'cpuMs'] as const).flatMap((what) => {
    const suffix = what === 'ms' ? '' : ', processor';
    const runs = (name: string): number[] => (costs.get(name) ?? []).map((cost) => cost[what]);
    const plain = (name: string): Figure => figure(`${name}${suffix}`, 'ms', runs(name));
    const [floor, untuned, docker, podman, alone] = [
      plain(NAMES.floor),
      plain(NAMES.untuned),
      plain(NAMES.docker),
      plain(NAMES.podman),
      plain(NAMES.alone),
    ];
    const ours = [floor, untuned, docker, podman].map((other) =>
      figure(`${NAMES.ours}${suffix}`, 'ms', runs(NAMES.ours), other),
    );
    return [
      floor,
      untuned,
      docker,
      podman,
      ...ours,
      alone,
      figure(`${NAMES.fifth}${suffix}`, 'ms', runs(NAMES.fifth), alone),
    ];
  });
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
