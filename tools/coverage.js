// Coverage of everything that the tests run, in one report: the tests' own process, the CLI and the agent as they are
// started (NODE_V8_COVERAGE is inherited), and the engine inside the VM, whose bundle is mapped back to its sources.
//   node tools/coverage.js                 all tiers
//   node tools/coverage.js unit contract   some of them; words behind -- go to mocha
// Files under the threshold are listed with their reasons, which docs/coverage-exceptions.json keeps.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildEngine } from './build-engine.js';
import { bundleLines } from './guest-coverage.js';

const THRESHOLD = 60;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const coverage = join(root, 'coverage');
const raw = join(coverage, 'raw');
const fromGuest = join(coverage, 'guest');
const bundle = join(root, 'dist', 'engine', 'engine.cjs');
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

/** Leaves what is ours: most of a process's coverage is of its dependencies. */
function keepOwn(path) {
  const own = ['src', 'dist'].map((name) => pathToFileURL(join(root, name)).href + '/');
  const isOwn = (url) => own.some((prefix) => url.startsWith(prefix));
  const report = readJson(path);
  const maps = Object.entries(report['source-map-cache'] ?? {}).filter(([url]) => isOwn(url));
  const result = report.result.filter(({ url }) => isOwn(url));
  writeFileSync(path, JSON.stringify({ result, 'source-map-cache': Object.fromEntries(maps) }));
}

/** The lines of the engine's sources that ran in the guest, by the source map that isn't shipped. */
async function linesFromGuest() {
  const reports = jsonFilesIn(fromGuest);
  if (reports.length === 0) return new Map();
  const { outputFiles } = await buildEngine(root, { sourcemap: 'external', write: false });
  const [code, map] = ['.cjs', '.map'].map((end) => outputFiles.find(({ path }) => path.endsWith(end)).text);
  if (code !== readFileSync(bundle, 'utf8'))
    throw new Error('dist/engine/engine.cjs is not what the sources give');
  const scripts = reports.flatMap((path) =>
    readJson(path).result.filter(({ url }) => url === BUNDLE_IN_GUEST),
  );
  return bundleLines({ code, map: JSON.parse(map), scripts, bundle });
}

/** c8's statements are lines. A line of the guest's that holds no code goes as the one before it, the first as loaded. */
function coverOf({ path, statementMap, s }, guest) {
  const lines = new Map();
  for (const [id, { start }] of Object.entries(statementMap)) {
    lines.set(start.line, lines.get(start.line) === true || s[id] > 0);
  }
  const fromBundle = guest.get(path);
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
mkdirSync(raw, { recursive: true });
// The build's own processes are none of the tests'.
if (node([join(root, 'tools', 'build.js'), '--if-stale']) !== 0) process.exit(1);
const tested = node([join(root, 'tools', 'test.js'), ...process.argv.slice(2)], {
  NODE_V8_COVERAGE: raw,
  WHERRY_ENGINE_COVERAGE: fromGuest,
});
for (const path of jsonFilesIn(raw)) keepOwn(path);
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
const guest = await linesFromGuest();
const files = Object.values(readJson(join(coverage, 'coverage-final.json')))
  .map((file) => coverOf(file, guest))
  .filter((file) => file.covered > 0 || hasCode(file.path));
const summary = files.map(({ name, lines, covered }) => [name, { lines, covered }]);
writeFileSync(join(coverage, 'summary.json'), `${JSON.stringify(Object.fromEntries(summary), null, 2)}\n`);
const unexplained = listThin(files);
process.exitCode = tested === 0 && unexplained === 0 ? 0 : 1;
