// The engine as one file, dist/engine/engine.cjs: everything but koffi, whose native part has to match the guest. Beside
// it, where this computer can make it, the code that V8 compiles from it, so that no boot has to compile it again.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { build } from 'esbuild';
import { builtins, englishOnly } from './esbuild-plugins.js';

// Builtins that a start can do without, and that take long to load.
const LATE = new Set([
  'node:child_process',
  'node:crypto',
  'node:dgram',
  'node:fs/promises',
  'node:https',
  'node:readline',
  'node:stream/promises',
  'node:timers/promises',
  'node:tls',
  'node:v8',
  'node:vm',
  'node:zlib',
]);

/** `extra` are further options of esbuild's, for those who want the bundle in another form. */
export async function buildEngine(root, extra = {}) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src/engine/main.ts')],
    outfile: join(root, 'dist/engine/engine.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    // One expression, a function, as the guest's loader wants it: names of the bundle's own don't become globals.
    banner: { js: '(function (require, module) {' },
    footer: { js: '})' },
    external: ['koffi'],
    // Shorter syntax loads faster; names stay, for stack traces in the log.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: false,
    metafile: true,
    define: { 'process.env.WHERRY_VERSION': JSON.stringify(version) },
    plugins: [englishOnly, builtins(LATE)],
    logLevel: 'warning',
    ...extra,
  });
}

/** V8 takes its code back only under the flags it was made with: those of vm-images/…/boot/engine. */
export const ENGINE_FLAGS = ['--max-semi-space-size=1'];
/** The same code at every build. */
const REPRODUCIBLE = '--predictable';

/**
 * Writes dist/engine/engine.<arch>.code for this computer's own architecture, if it runs Linux: V8's code is only good
 * for the very build of Node that made it, and the guest's is the one in this project's node_modules.
 */
export function compileEngine(root) {
  for (const arch of ['amd64', 'arm64']) rmSync(codeFile(root, arch), { force: true });
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  const guest = JSON.parse(readFileSync(join(root, 'vm-images/npm-packages.json'), 'utf8')).find(
    ({ name }) => name === `node-linux-${process.arch}`,
  );
  if (process.platform !== 'linux' || arch === undefined || `v${guest?.version}` !== process.version) return;
  const made = spawnSync(
    process.execPath,
    [...ENGINE_FLAGS, REPRODUCIBLE, fileURLToPath(import.meta.url), codeFile(root, arch)],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (made.status !== 0) throw new Error(`compiling the engine ended with ${made.status ?? made.signal}`);
}

const codeFile = (root, arch) => join(root, 'dist', 'engine', `engine.${arch}.code`);

/** In a process of its own: loads the bundle, which compiles what loading it runs, and keeps V8's code. */
function writeCode(root, target) {
  const bundle = join(root, 'dist/engine/engine.cjs');
  const script = new Script(readFileSync(bundle, 'latin1'), { filename: bundle });
  script.runInThisContext()(createRequire(bundle), { exports: {} });
  writeFileSync(target, script.createCachedData());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(fileURLToPath(import.meta.url), '..', '..');
  if (process.argv[2] === undefined) await buildEngine(root);
  else writeCode(root, process.argv[2]);
}
