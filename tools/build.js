// Builds everything that `bin/run.js` needs: dist/ (the host side's bundles and the engine's, by esbuild) and oclif's
// manifest (what makes the CLI start without loading its commands). `--if-stale` does nothing when no source is newer
// than the last build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEngine, compileEngine } from './build-engine.js';
import { buildHost } from './build-host.js';
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

function isFresh() {
  if (!existsSync(stamp)) return false;
  const built = statSync(stamp).mtimeMs;
  return ['src', 'tools', 'package.json', '.oclifrc.json', 'vm-images/npm-packages.json'].every(
    (path) => newestChange(join(root, path)) <= built,
  );
}

function run(script, args) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (!process.argv.includes('--if-stale') || !isFresh()) {
  const started = Date.now();
  const made = await Promise.all([buildHost(root), buildEngine(root)]);
  const notices = thirdPartyNotices(
    root,
    made.map(({ metafile }) => metafile),
  );
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), notices);
  compileEngine(root);
  run(join(root, 'tools', 'write-manifest.js'), []);
  writeFileSync(stamp, `${new Date(started).toISOString()}\n`);
}
