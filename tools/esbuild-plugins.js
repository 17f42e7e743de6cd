// What both bundles, the engine's and the host's, do to the modules they take in.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative, sep } from 'node:path';

/** zod brings its messages in fifty languages; Wherry speaks one. Less to read and to compile at each start. */
export const englishOnly = {
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

/**
 * An ESM import of a builtin reads every one of its exports, and some are getters that load a lot: `node:http`'s
 * WebSocket brings in undici, a fifth of the engine's whole start. These modules read what the importer names and no
 * more.
 * @param late builtins that a start can do without and that take long to load: each waits for the first call of one of
 *   its functions. Only functions and classes can be imported from them, and nothing can extend such a class.
 */
export const builtins = (late) => ({
  name: 'builtins',
  setup(builder) {
    const names = new RegExp(`^(node:.*|${builtinModules.join('|')})$`);
    builder.onResolve({ filter: names }, ({ path, kind }) =>
      kind === 'require-call'
        ? undefined
        : { path: path.replace(/^(node:)?/, 'node:'), namespace: 'builtin', sideEffects: false },
    );
    builder.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: late.has(path) ? lateModule(path) : earlyModule(path),
      loader: 'js',
    }));
  },
});

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
  const whole = 'export default /* @__PURE__ */ new Proxy({}, { get: (_, name) => builtin()[name] });';
  return [load, whole, ...exports].join('\n');
}

function exportNames(path) {
  return Object.keys(process.getBuiltinModule(path)).filter(
    (name) => /^[\w$]+$/.test(name) && name !== 'default',
  );
}

/** oclif's index loads all there is of oclif, and semver to look at Node's version, which bin/run.js has done. */
export const oclifParts = {
  name: 'oclif-parts',
  setup(builder) {
    builder.onResolve({ filter: /^@oclif\/core$/ }, () => ({ path: 'oclif', namespace: 'parts' }));
    builder.onLoad({ filter: /.*/, namespace: 'parts' }, () => ({
      contents: [
        `export * as Args from '@oclif/core/args';`,
        `export { Command } from '@oclif/core/command';`,
        `export { Config } from '@oclif/core/config';`,
        `export * as Flags from '@oclif/core/flags';`,
        `export { CommandHelp, Help } from '@oclif/core/help';`,
        `export { run } from '@oclif/core/run';`,
      ].join('\n'),
      resolveDir: import.meta.dirname,
    }));
  },
};

/** Packages of ECMAScript modules that stay packages: what `require` gives of one is its namespace, not its default. */
export const defaultsOf = (names) => ({
  name: 'defaults',
  setup(builder) {
    builder.onResolve({ filter: new RegExp(`^(${names.join('|')})$`) }, ({ path, namespace }) =>
      namespace === 'default' ? { path, external: true } : { path, namespace: 'default' },
    );
    builder.onLoad({ filter: /.*/, namespace: 'default' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)}).default;`,
    }));
  },
});

/** `import.meta.url` stays what it would be if each module were a file of its own below dist/. */
export const ownUrls = (root) => ({
  name: 'own-urls',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!source.includes('import.meta.url')) return undefined;
      const compiled = relative(join(root, 'src'), path).split(sep).join('/').replace(/\.ts$/, '.js');
      return {
        contents: source.replaceAll('import.meta.url', `(DIST + ${JSON.stringify(compiled)})`),
        loader: 'ts',
      };
    });
  },
});

/** The entries of a build load each other as files. */
export const separate = (entries) => ({
  name: 'separate-entries',
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\// }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'own' || importer === '') return undefined;
      const found = await builder.resolve(path, { importer, kind, resolveDir, pluginData: 'own' });
      return entries.includes(found.path)
        ? { path: path.replace(/\.ts$/, '.js'), external: true }
        : undefined;
    });
  },
});
