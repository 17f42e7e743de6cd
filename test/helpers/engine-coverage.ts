import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { World } from './e2e-world.ts';

/** Where the engine of the shared machine leaves its V8 coverage: on the data disk, for a test restarts the VM. */
const IN_GUEST = '/var/lib/wherry/coverage';

/** An engine that is killed writes nothing more: what ran is written down each minute, and when it is asked for. */
const WRITER = `const { takeCoverage } = require('node:v8');
setInterval(takeCoverage, 60_000).unref();
process.on('SIGUSR2', () => takeCoverage());
`;

/**
 * Starts the engine of the shared machine anew with NODE_V8_COVERAGE. A copy of its start script, bound over the one of
 * the read-only system disk, is all that is changed: init runs that when the engine has ended.
 */
export async function coverEngine(world: World): Promise<void> {
  const settings = `NODE_V8_COVERAGE=${IN_GUEST} NODE_OPTIONS="--require=${IN_GUEST}/writer.cjs"`;
  await world.inVm(
    [
      `mkdir -p ${IN_GUEST}`,
      `printf %s ${quoted(WRITER)} > ${IN_GUEST}/writer.cjs`,
      `sed 's|^export HOME=|export ${settings} HOME=|' /usr/lib/wherry/boot/engine > ${IN_GUEST}/start`,
      `chmod 755 ${IN_GUEST}/start`,
      `grep -q NODE_V8_COVERAGE ${IN_GUEST}/start`,
      `mount --bind ${IN_GUEST}/start /usr/lib/wherry/boot/engine`,
    ].join(' && '),
  );
  await restartEngine(world);
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Asks the engine for its coverage and fetches all that there is. @returns how many files came into `directory` */
export async function fetchEngineCoverage(world: World, directory: string): Promise<number> {
  mkdirSync(directory, { recursive: true });
  const before = await coverageFiles(world);
  // An engine that isn't covered, after a restart of the VM by a test, would be ended by SIGUSR2.
  const isCovered = 'grep -q NODE_V8_COVERAGE /proc/$(cat /run/wherry/engine.pid)/environ';
  if (
    (await world.inVm(`${isCovered} && kill -USR2 $(cat /run/wherry/engine.pid) && echo asked; true`)) !== ''
  ) {
    await eventually(
      () => coverageFiles(world),
      (now) => now.length > before.length,
      "the engine's coverage",
    );
  }
  const names = await coverageFiles(world);
  for (const name of names) {
    const whole = await eventually(
      () => world.inVm(`cat ${IN_GUEST}/${name}`),
      (text) => text.trimEnd().endsWith('}'),
      `the whole of ${name}`,
    );
    writeFileSync(join(directory, name), whole);
  }
  return names.length;
}

async function coverageFiles(world: World): Promise<string[]> {
  return (await world.inVm(`cd ${IN_GUEST} && ls`)).split('\n').filter((name) => name.endsWith('.json'));
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
