import type { World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';
import { timings } from './timing.ts';

/** And one before it, which fills the cache. */
const RUNS = 1;
const CLAIMS = `
set -e
test -z "$(dpkg --audit)"
test -z "$(dpkg --verify)"
dpkg -l redis-server | grep -q '^ii'
id redis
redis-server --version
apt-get --version >/dev/null
`;

/**
 * The default variant with a package whose scripts make a user, twice, warm package cache: the same id each time. The
 * end-to-end tests make a smaller one.
 */
export async function benchBootstrap(world: World): Promise<Figure[]> {
  const ids = new Set<string>();
  const taken = await timings(RUNS, async () => {
    ids.add(await world.ok(['image', 'bootstrap', 'debian:trixie', '--include', 'redis-server', '-q']));
  });
  if (ids.size !== 1) throw new Error(`the same packages gave several images: ${[...ids].join(' ')}`);
  await world.ok(['run', '--rm', '--network', 'none', 'debian:trixie', 'sh', '-c', CLAIMS]);
  await world.ok(['rmi', 'debian:trixie']);
  return [figure('image bootstrap debian:trixie with redis-server, warm cache', 'ms', taken)];
}
