// The engine as one file, dist/engine/engine.mjs: everything but koffi, whose native part has to match the guest.
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
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
// WebSocket brings in undici, a fifth of the engine's whole start. process.getBuiltinModule reads nothing.
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup(builder) {
    builder.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    builder.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

/** `extra` are further options of esbuild's, for those who want the bundle in another form. */
export async function buildEngine(root, extra = {}) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src/engine/main.ts')],
    outfile: join(root, 'dist/engine/engine.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    external: ['koffi'],
    // Shorter syntax loads faster; names stay, for stack traces in the log.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: false,
    define: { 'process.env.WHERRY_VERSION': JSON.stringify(version) },
    plugins: [englishOnly, lazyBuiltins],
    logLevel: 'warning',
    ...extra,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildEngine(join(fileURLToPath(import.meta.url), '..', '..'));
}
