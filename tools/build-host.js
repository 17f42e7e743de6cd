// The host side: each process that Wherry starts is one file, with the packages it uses in it. A command's start is
// mostly the loading of modules, and four hundred files take twice as long as one.
import { cpSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { build } from 'esbuild';
import { builtins, defaultsOf, englishOnly, oclifParts, ownUrls, separate } from './esbuild-plugins.js';

const ENTRIES = [
  'cli/main', // answers --version, and leaves the rest to:
  'cli/run-command',
  'agent/main',
  'image-builder/debian/xz-worker',
];

/** Loaded where they are needed, and by few commands: these stay packages. */
const EXTERNAL = ['cpu-features', 'execa', 'listr2', 'openpgp', 'ssh2', 'xz-decompress'];

/** Builtins that `wherry ps` can do without, and that take long to load. */
const LATE = new Set([
  'node:child_process',
  'node:crypto',
  'node:dgram',
  'node:readline',
  'node:tls',
  'node:zlib',
]);

/** What a module reads from beside itself. */
const DATA = ['drivers/hyperv/scripts'];

/** Beside the bundles stands what says that they are CommonJS: only that form loads a package when it is needed. */
const PACKAGE = { type: 'commonjs' };

/** Where dist/ is, as a URL: what `import.meta.url` of the modules is made of. */
const BANNER = `const DIST = require('node:url').pathToFileURL(__filename).href.replace(/(.*\\/dist\\/).*/, '$1');`;

export const hostBundles = (root) => ENTRIES.map((name) => join(root, 'dist', `${name}.js`));

/** src/cli/bundled-commands.ts, with every command in it. */
const commandTable = (root) => ({
  name: 'command-table',
  setup(builder) {
    builder.onLoad({ filter: /bundled-commands\.ts$/ }, () => {
      const lines = commandFiles(root).map(
        ([id, file]) => `  ${JSON.stringify(id)}: () => import(${JSON.stringify(file)}),`,
      );
      return { contents: `export const bundledCommands = {\n${lines.join('\n')}\n};`, resolveDir: root };
    });
  },
});

/** `machine/ls.ts` is `machine:ls`. */
const commandFiles = (root) =>
  globSync('src/cli/commands/**/*.ts', { cwd: root })
    .toSorted()
    .map((path) => {
      const words = path.replace(/\.ts$/, '').split(sep).slice(3);
      return [words.join(':'), join(root, path)];
    });

/** `extra` are further options of esbuild's, for those who want the bundles in another form. */
export async function buildHost(root, extra = {}) {
  const entries = ENTRIES.map((name) => join(root, 'src', `${name}.ts`));
  const made = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: join(root, 'dist'),
    outbase: join(root, 'src'),
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: EXTERNAL,
    supported: { 'dynamic-import': false },
    banner: { js: BANNER },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: false,
    metafile: true,
    plugins: [
      separate(entries),
      defaultsOf(['got']),
      commandTable(root),
      ownUrls(root),
      oclifParts,
      englishOnly,
      builtins(LATE),
    ],
    logLevel: 'warning',
    ...extra,
  });
  if (extra.write === false) return made;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist', 'package.json'), `${JSON.stringify(PACKAGE)}\n`);
  for (const path of DATA) cpSync(join(root, 'src', path), join(root, 'dist', path), { recursive: true });
  return made;
}
