import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { World } from './e2e-world.ts';

/** Where the engine of the shared machine leaves its V8 coverage: on the data disk, for a test restarts the VM. */
const IN_GUEST = '/var/lib/wherry/coverage';

/**
 * Starts the engine of the shared machine anew with NODE_V8_COVERAGE. A copy of its start script, bound over the one of
 * the read-only system disk, is all that is changed: init runs that when the engine has ended.
 */
export async function coverEngine(world: World): Promise<void> {
  await world.inVm(
    [
      `mkdir -p ${IN_GUEST}`,
      `sed 's|^export HOME=|export NODE_V8_COVERAGE=${IN_GUEST} HOME=|' /usr/lib/wherry/boot/engine > ${IN_GUEST}/start`,
      `chmod 755 ${IN_GUEST}/start`,
      `grep -q NODE_V8_COVERAGE ${IN_GUEST}/start`,
      `mount --bind ${IN_GUEST}/start /usr/lib/wherry/boot/engine`,
    ].join(' && '),
  );
  await restartEngine(world);
}

/** Ends the engine, which writes its coverage, and fetches that. @returns how many files came into `directory` */
export async function fetchEngineCoverage(world: World, directory: string): Promise<number> {
  await restartEngine(world);
  mkdirSync(directory, { recursive: true });
  const names = (await world.inVm(`cd ${IN_GUEST} && ls`))
    .split('\n')
    .filter((name) => name.endsWith('.json'));
  for (const name of names) {
    writeFileSync(join(directory, name), await world.inVm(`cat ${IN_GUEST}/${name}`));
  }
  return names.length;
}

/** SIGTERM without a power-off is a restart; containers run on. */
async function restartEngine(world: World): Promise<void> {
  const pidFile = '/run/wherry/engine.pid';
  const before = await world.inVm(`cat ${pidFile}`);
  await world.inVm(`kill -TERM ${before.trim()}`);
  await eventually(
    // In between there is none.
    () => world.inVm(`cat ${pidFile} 2>/dev/null || true`),
    (pid) => pid !== '' && pid !== before,
    'another engine',
  );
  await eventually(
    () => world.wherry(['version']),
    ({ status }) => status === 0,
    'its answer',
  );
}
