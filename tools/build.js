// Builds everything that `bin/run.js` needs: dist/ (the host side's bundles and the engine's, by esbuild) and oclif's
// manifest (what makes the CLI start without loading its commands). `--if-stale` does nothing when no source is newer
// than the last build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEngine, compileEngine } from './build-engine.js';
import { buildHost, hostBundles } from './build-host.js';
import { thirdPartyNotices } from './notices.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');

function newestChange(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(
    info.mtimeMs,
    ...readdirSync(path)
      .filter((name) => name !== 'node_modules')
      .map((name) => newestChange(join(path, name))),
  );
}

const INPUTS = [
  'src',
  'tools',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
  '.oclifrc.json',
  'vm-images/npm-packages.json',
];

function isFresh() {
  const outputs = [stamp, join(root, 'oclif.manifest.json'), ...hostBundles(root)];
  if (!outputs.every((path) => existsSync(path))) return false;
  const built = statSync(stamp).mtimeMs;
  return INPUTS.every((path) => newestChange(join(root, path)) <= built);
}

function run(script, args) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (!process.argv.includes('--if-stale') || !isFresh()) {
  const started = new Date();
  // What other builds have left would be shipped.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const made = await Promise.all([buildHost(root), buildEngine(root)]);
  const notices = thirdPartyNotices(
    root,
    made.map(({ metafile }) => metafile),
  );
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), notices);
  compileEngine(root);
  run(join(root, 'tools', 'write-manifest.js'), []);
  writeFileSync(stamp, '');
  // What is saved while it is being built is newer.
  utimesSync(stamp, started, started);
}
