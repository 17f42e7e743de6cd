// Everything that can be said of the code without running it: types, boundaries and lint, formatting, dead code; and
// whether the engine's bundle can be made of it.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEngine } from './build-engine.js';
import { buildHost } from './build-host.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const steps = [
  ['typescript/bin/tsc', '-b'],
  ['typescript/bin/tsc', '-p', 'test/tsconfig.json', '--noEmit'],
  ['oxlint/bin/oxlint', '--type-aware', 'src', 'test', 'bench', 'tools', 'bin'],
  ['oxfmt/bin/oxfmt', '--check'],
  ['knip/bin/knip.js'],
];
for (const [script, ...args] of steps) {
  console.log(`> ${script.split('/').at(-1)} ${args.join(' ')}`);
  const result = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exitCode = 1;
}

console.log('> the bundles');
try {
  await Promise.all([buildHost(root, { write: false }), buildEngine(root, { write: false })]);
} catch {
  process.exitCode = 1; // esbuild has said why
}
