import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directory, file, skeleton } from '../test/helpers/images/entries.ts';
import { pythonImage, redisImage } from '../test/helpers/images/debian-images.ts';
import { writeOciLayout, type LayerSource } from '../test/helpers/images/oci-layout.ts';
import { cacheDirectory, MACHINE, type World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';
import { must, timed } from './timing.ts';

const NAME = 'bench/large:latest';

/** A pull of about 150 MB in five layers, against downloading, hashing and decompressing the same blobs in the guest. */
export async function benchPull(world: World, runs: number): Promise<Figure[]> {
  const blobs = await pushLargeImage(world);
  const reference = `${world.registryHost}/${NAME}`;
  const pulls: number[] = [];
  while (pulls.length < runs) {
    pulls.push(await timed(() => world.ok(['pull', '-q', reference])));
    await world.ok(['rmi', reference]);
  }
  const floor = await guestFloor(world, blobs, runs);
  return [floor, figure('pull of five layers', 'ms', pulls, floor)];
}

async function pushLargeImage(world: World): Promise<string[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'wherry-bench-'));
  const downloads = join(cacheDirectory, 'downloads');
  const [python, redis] = [await pythonImage(downloads, 'trixie'), await redisImage(downloads)];
  const noise = (name: string): LayerSource => ({
    entries: [
      directory('opt'),
      ...Array.from({ length: 25 }, (_, at) =>
        file(`opt/${name}-${at}`, Buffer.concat([randomBytes(400_000), Buffer.alloc(600_000, name)])),
      ),
    ],
    compression: 'gzip',
  });
  const layers: LayerSource[] = [
    { entries: skeleton(), compression: 'gzip' },
    {
      entries: python.layers.flatMap(({ entries }) => entries.filter(({ path }) => path.startsWith('usr'))),
      compression: 'gzip',
    },
    {
      entries: redis.layers.flatMap(({ entries }) => entries.filter(({ path }) => path.startsWith('usr'))),
      compression: 'gzip',
    },
    noise('a'),
    noise('b'),
    noise('c'),
  ];
  try {
    writeOciLayout(scratch, { layers, config: {} });
    await must(join(world.tools.binDir, 'skopeo'), [
      'copy',
      '--insecure-policy',
      '--dest-tls-verify=false',
      `oci:${scratch}`,
      `docker://127.0.0.1:${world.registry.port}/${NAME}`,
    ]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
  const manifest = await fetch(`http://127.0.0.1:${world.registry.port}/v2/bench/large/manifests/latest`, {
    headers: { Accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  const { layers: pushed } = (await manifest.json()) as { layers: { digest: string }[] };
  return pushed.map(({ digest }) => digest);
}

/** `wget | tee >(sha256sum) | gunzip | sha256sum` of each layer, in the guest. */
async function guestFloor(world: World, blobs: readonly string[], runs: number): Promise<Figure> {
  const script = [
    'mkfifo /tmp/tee 2>/dev/null',
    `for digest in ${blobs.join(' ')}; do`,
    '  sha256sum < /tmp/tee > /dev/null &',
    `  wget -q -O - http://${world.registryHost}/v2/bench/large/blobs/$digest | tee /tmp/tee | gunzip | sha256sum > /dev/null`,
    '  wait',
    'done',
  ].join('\n');
  const found: number[] = [];
  while (found.length < runs) {
    found.push(await timed(() => world.ok(['machine', 'ssh', MACHINE, '--', 'sh', '-s'], { input: script })));
  }
  return figure('wget | tee >(sha256sum) | gunzip | sha256sum', 'ms', found);
}
