import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MACHINE, type World } from './e2e-world.ts';

/** Where the engine of the shared machine leaves its V8 coverage: on the data disk, for a test restarts the VM. */
const IN_GUEST = '/var/lib/wherry/coverage';
const WITHIN_MS = 120_000;

/**
 * Starts the engine of the shared machine anew with NODE_V8_COVERAGE. A copy of its start script, bound over the one of
 * the read-only system disk, is all that is changed: init runs that when the engine has ended.
 */
export async function coverEngine(world: World): Promise<void> {
  await inGuest(
    world,
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
  const names = (await inGuest(world, `cd ${IN_GUEST} && ls`))
    .split('\n')
    .filter((name) => name.endsWith('.json'));
  for (const name of names) {
    writeFileSync(join(directory, name), await inGuest(world, `cat ${IN_GUEST}/${name}`));
  }
  return names.length;
}

/** SIGTERM without a power-off is a restart; containers run on. */
async function restartEngine(world: World): Promise<void> {
  const pidFile = '/run/wherry/engine.pid';
  const before = await inGuest(world, `cat ${pidFile}`);
  await inGuest(world, `kill -TERM ${before.trim()}`);
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const version = await world.wherry(['version']);
    if (version.status === 0 && (await inGuest(world, `cat ${pidFile}`)) !== before) return;
    if (performance.now() > deadline) throw new Error(`the engine did not come back:\n${version.stderr}`);
    await sleep(200);
  }
}

function inGuest(world: World, script: string): Promise<string> {
  return world.ok(['machine', 'ssh', MACHINE, script]);
}
