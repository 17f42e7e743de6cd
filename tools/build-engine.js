// The engine as one file, dist/engine/engine.cjs: everything but koffi, whose native part has to match the guest. Beside
// it, where this computer can make it, the code that V8 compiles from it, so that no boot has to compile it again.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { build } from 'esbuild';

// zod brings its messages in fifty languages; the engine speaks one. Less to read and to compile at each boot.
const englishOnly = {
  name: 'zod-english-only',
  setup(builder) {
    builder.onResolve(
      { filter: /locales\/index\.js$/ },
      async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === 'own' || !importer.includes(`${sep}zod${sep}`)) return undefined;
        const { path: index } = await builder.resolve(path, {
          importer,
          kind,
          resolveDir,
          pluginData: 'own',
        });
        return { path: join(index, '..', 'en.js') };
      },
    );
  },
};

// An ESM import of a builtin reads every one of its exports, and some are getters that load a lot: `node:http`'s
// WebSocket brings in undici, a fifth of the engine's whole start. These modules read what the engine names and no more.
const builtins = {
  name: 'builtins',
  setup(builder) {
    builder.onResolve({ filter: /^node:/ }, ({ path }) => ({
      path,
      namespace: 'builtin',
      sideEffects: false,
    }));
    builder.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: LATE.has(path) ? lateModule(path) : earlyModule(path),
      loader: 'js',
    }));
  },
};

// Builtins that a start can do without, and that take long to load: each waits for the first call of one of its
// functions. Only functions and classes can be imported from them, and nothing can extend such a class.
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

function earlyModule(path) {
  const exports = exportNames(path).map(
    (name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`,
  );
  const load = `const builtin = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)});`;
  return [load, 'export default builtin;', ...exports].join('\n');
}

function lateModule(path) {
  const module = process.getBuiltinModule(path);
  const exports = exportNames(path)
    .filter((name) => typeof module[name] === 'function')
    .map(
      (name) =>
        `export function ${name}(...args) { return new.target ? new (builtin().${name})(...args) : builtin().${name}(...args); }`,
    );
  const load = `const builtin = () => process.getBuiltinModule(${JSON.stringify(path)});`;
  return [load, ...exports].join('\n');
}

function exportNames(path) {
  return Object.keys(process.getBuiltinModule(path)).filter(
    (name) => /^[\w$]+$/.test(name) && name !== 'default',
  );
}

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
    define: { 'process.env.WHERRY_VERSION': JSON.stringify(version) },
    plugins: [englishOnly, builtins],
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
