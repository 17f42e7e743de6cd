import { join } from 'node:path';
import { Client } from '../../contract/engine/containers/client.ts';
import { cacheDirectory } from '../../helpers/e2e-world.ts';
import { untilProcesses } from '../../helpers/machine/processes.ts';
import { GuestShell } from './guest-shell.ts';
import type { Home } from './home.ts';
import { crashImages } from './images.ts';
import { Ledger } from './ledger.ts';
import { ask, referenceOf, type Asked, type Operation, type Store } from './operations.ts';
import type { Victim } from './round.ts';
import { startSlowRegistry } from './slow-registry.ts';

const BYTES_PER_SECOND = 1_500_000;
const HOST_FROM_GUEST = '10.0.2.2';

/** A machine of its own on a small disk, with a registry that is slow enough to be interrupted. */
export async function createVictim(
  home: Home,
  name: string,
  seed: number,
  imageCount = 4,
): Promise<Victim & { destroy(): Promise<void> }> {
  const images = await crashImages(seed, imageCount, join(cacheDirectory, 'downloads'));
  const slow = await startSlowRegistry(images, BYTES_PER_SECOND);
  const registry = `${HOST_FROM_GUEST}:${slow.port}`;
  const size = ['--cpus', '1', '--memory', '1024', '--disk', '2'];
  await home.ok(['machine', 'create', ...size, '--engine-insecure-registry', registry, name]);
  const store: Store = {
    client: new Client(join(home.home, 'machines', name, 'docker.sock')),
    registry,
    archives: new Map(),
  };
  let shell = new GuestShell(name, home.env);
  const victim = {
    ...store,
    images,
    ledger: new Ledger(),
    usualMs: new Map<Operation, number>(),
    shell: () => shell,
    restart: async () => {
      await untilProcesses(home.home, name, ({ qemu }) => qemu.length === 0);
      await shell.close();
      await home.ok(['machine', 'start', name]);
      shell = new GuestShell(name, home.env);
    },
    destroy: async () => {
      await shell.close();
      await home.ok(['machine', 'rm', '-f', name]);
      await slow.stop();
    },
  };
  try {
    await measure(victim);
  } catch (error) {
    await victim.destroy();
    throw error;
  }
  return victim;
}

/** Does everything once undisturbed, and keeps how long it took and what `docker save` gives. */
async function measure(victim: Victim): Promise<void> {
  const { images, ledger, usualMs, client, archives } = victim;
  const once = async (asked: Asked): Promise<void> => {
    const outcome = await ask(victim, asked);
    if (outcome.kind !== 'acknowledged') throw new Error(`undisturbed: ${JSON.stringify(outcome)}`);
    ledger.note(asked);
    const before = usualMs.get(asked.operation);
    usualMs.set(asked.operation, before === undefined ? outcome.ms : (before + outcome.ms) / 2);
  };
  for (const image of images) {
    await once({ operation: 'pull', image });
    const saved = await client.archive('GET', `/images/${referenceOf(victim, image)}/get`);
    if (saved.status !== 200) throw new Error(`save: ${saved.status} ${saved.message}`);
    archives.set(image.name, saved.body);
  }
  for (const image of images.slice(1)) await once({ operation: 'remove', image });
  for (const image of images.slice(2)) {
    await once({ operation: 'load', image });
    await once({ operation: 'tag', image });
  }
}
