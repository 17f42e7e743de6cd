// Coverage of everything that the tests run, in one report: the tests' own process, the CLI and the agent as they are
// started (NODE_V8_COVERAGE is inherited), and the engine inside the VM. Bundles are mapped back to their sources.
//   node tools/coverage.js                 all tiers
//   node tools/coverage.js unit contract   some of them; words behind -- go to mocha
// Files under the threshold are listed with their reasons, which docs/coverage-exceptions.json keeps.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildEngine } from './build-engine.js';
import { buildHost, hostBundles } from './build-host.js';
import { bundleLines } from './bundle-coverage.js';

const THRESHOLD = 60;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const coverage = join(root, 'coverage');
const raw = join(coverage, 'raw');
const fromGuest = join(coverage, 'guest');
const ofBundles = join(coverage, 'bundles');
const engineBundle = join(root, 'dist', 'engine', 'engine.cjs');
const BUNDLE_IN_GUEST = 'file:///usr/lib/wherry/engine.cjs';

/** @returns the exit status */
function node(args, env = {}) {
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return result.status ?? 1;
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const jsonFilesIn = (directory) =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => name.endsWith('.json'))
        .map((name) => join(directory, name))
    : [];

/** Leaves what c8 maps: the sources that ran as they are. A process's coverage is mostly of its dependencies. */
function keepSources(path) {
  const report = readJson(path);
  const sources = `${pathToFileURL(join(root, 'src')).href}/`;
  const bundles = new Set(hostBundles(root).map((bundle) => pathToFileURL(bundle).href));
  const result = report.result.filter(({ url }) => url.startsWith(sources));
  const bundled = report.result.filter(({ url }) => bundles.has(url));
  writeFileSync(path, JSON.stringify({ result }));
  if (bundled.length > 0) writeFileSync(join(ofBundles, basename(path)), JSON.stringify({ result: bundled }));
}

/** One report at a time: there are thousands. */
function* scriptsIn(reports, url) {
  for (const path of reports) yield* readJson(path).result.filter((script) => script.url === url);
}

/** The lines of the sources that ran in bundles, the engine's in the guest and the host's, by source maps that aren't shipped. */
async function linesOfBundles() {
  const withMap = { sourcemap: 'external', write: false };
  const [engine, host] = await Promise.all([buildEngine(root, withMap), buildHost(root, withMap)]);
  const all = new Map();
  const add = (bundle, made, reports, url) => {
    const [code, map] = ['', '.map'].map(
      (end) => made.outputFiles.find(({ path }) => path === bundle + end).text,
    );
    if (code !== readFileSync(bundle, 'utf8')) throw new Error(`${bundle} is not what the sources give`);
    const scripts = scriptsIn(reports, url);
    for (const [path, lines] of bundleLines({ code, map: JSON.parse(map), scripts, bundle })) {
      const known = all.get(path) ?? new Map();
      for (const [line, ran] of lines) known.set(line, ran || known.get(line) === true);
      all.set(path, known);
    }
  };
  const [guests, hosts] = [jsonFilesIn(fromGuest), jsonFilesIn(ofBundles)];
  if (guests.length > 0) add(engineBundle, engine, guests, BUNDLE_IN_GUEST);
  for (const bundle of hostBundles(root)) add(bundle, host, hosts, pathToFileURL(bundle).href);
  return all;
}

/** c8's statements are lines. A line of a bundle's that holds no code goes as the one before it, the first as loaded. */
function coverOf({ path, statementMap, s }, bundled) {
  const lines = new Map();
  for (const [id, { start }] of Object.entries(statementMap)) {
    lines.set(start.line, lines.get(start.line) === true || s[id] > 0);
  }
  const fromBundle = bundled.get(path);
  let ran = fromBundle !== undefined && [...fromBundle.values()].includes(true);
  for (const line of [...lines.keys()].sort((a, b) => a - b)) {
    ran = fromBundle?.get(line) ?? ran;
    if (ran) lines.set(line, true);
  }
  const covered = [...lines.values()].filter(Boolean).length;
  return { path, name: relative(root, path).split(sep).join('/'), lines: lines.size, covered };
}

/** Interfaces and types leave nothing that could run. */
function hasCode(path) {
  const code = stripTypeScriptTypes(readFileSync(path, 'utf8'))
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    .replaceAll(/import\b[^;]*;|export \{\s*\};?/g, '');
  return code.trim() !== '';
}

const percent = ({ lines, covered }) => (lines === 0 ? 100 : (100 * covered) / lines);

/** @returns how many files lack coverage and a reason */
function listThin(files) {
  const reasons = readJson(join(root, 'docs', 'coverage-exceptions.json'));
  const thin = files.filter((file) => percent(file) < THRESHOLD).sort((a, b) => a.name.localeCompare(b.name));
  const all = files.reduce((sum, file) => ({
    lines: sum.lines + file.lines,
    covered: sum.covered + file.covered,
  }));
  console.log(`\n${percent(all).toFixed(1)} % of ${all.lines} lines in ${files.length} files with code ran`);
  console.log(`Files under ${THRESHOLD} %: ${thin.length}`);
  for (const file of thin) {
    const reason = reasons[file.name] ?? 'NO REASON GIVEN';
    console.log(`  ${percent(file).toFixed(0).padStart(3)} %  ${file.name}: ${reason}`);
  }
  for (const name of Object.keys(reasons)) {
    if (!thin.some((file) => file.name === name)) console.log(`  not needed any more: the reason of ${name}`);
  }
  return thin.filter(({ name }) => reasons[name] === undefined).length;
}

rmSync(coverage, { recursive: true, force: true });
for (const directory of [raw, ofBundles]) mkdirSync(directory, { recursive: true });
// The build's own processes are none of the tests'.
if (node([join(root, 'tools', 'build.js'), '--if-stale']) !== 0) process.exit(1);
const tested = node([join(root, 'tools', 'test.js'), ...process.argv.slice(2)], {
  NODE_V8_COVERAGE: raw,
  WHERRY_ENGINE_COVERAGE: fromGuest,
});
for (const path of jsonFilesIn(raw)) keepSources(path);
const c8 = join(root, 'node_modules', 'c8', 'bin', 'c8.js');
const reportOptions = {
  'temp-directory': raw,
  'reports-dir': coverage,
  src: 'src',
  include: 'src/**/*.ts',
};
const options = Object.entries(reportOptions).map(([name, value]) => `--${name}=${value}`);
const reported = node([c8, 'report', '--all', '--exclude-after-remap', '--reporter=json', ...options]);
if (reported !== 0) process.exit(1);
const bundled = await linesOfBundles();
const files = Object.values(readJson(join(coverage, 'coverage-final.json')))
  .map((file) => coverOf(file, bundled))
  .filter((file) => file.covered > 0 || hasCode(file.path));
const summary = files.map(({ name, lines, covered }) => [name, { lines, covered }]);
writeFileSync(join(coverage, 'summary.json'), `${JSON.stringify(Object.fromEntries(summary), null, 2)}\n`);
const unexplained = listThin(files);
process.exitCode = tested === 0 && unexplained === 0 ? 0 : 1;
