// Every test: builds what the tests run, then the tiers one after another. Ends with the totals as one line.
//   node tools/test.js                 all tiers
//   node tools/test.js unit contract   some of them
//   node tools/test.js e2e -- --grep X words behind -- go to mocha
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const words = process.argv.slice(2);
const split = words.indexOf('--');
const chosen = split === -1 ? words : words.slice(0, split);
const forMocha = split === -1 ? [] : words.slice(split + 1);

// Dozens of tests start an engine or an agent from its sources: what Node makes of them is made once. Not where coverage
// is counted, which would be less exact.
const code = process.env.NODE_V8_COVERAGE ? {} : { NODE_COMPILE_CACHE: join(root, '.cache', 'code') };

// unit and contract run a file per worker, two for each processor, for many wait; e2e has one process, with the one VM
// that its suites share.
const runs = [
  {
    tiers: ['unit', 'contract'],
    args: ['--parallel', '--jobs', `${availableParallelism() * 2}`],
    env: code,
  },
  { tiers: ['e2e'], args: ['--timeout', '300000', '--require', './test/helpers/e2e-hooks.ts'] },
];

function node(args, env = {}) {
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return result.status ?? 1;
}

const scratch = mkdtempSync(join(tmpdir(), 'wherry-test-'));
const totals = join(scratch, 'totals');
writeFileSync(totals, '');
let status = node([join(root, 'tools', 'build.js'), '--if-stale']);
if (status === 0) {
  // QEMU, where it's missing, comes the way a user gets it: by preflight's own fix, which says what it installs.
  status = node([join(root, 'bin', 'run.js'), 'doctor', '--fix', '--yes'], { WHERRY_HOME: scratch });
}
if (status === 0) {
  for (const run of runs) {
    const tiers = run.tiers.filter((tier) => chosen.length === 0 || chosen.includes(tier));
    if (tiers.length === 0) continue;
    const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
    const patterns = tiers.map((tier) => `test/${tier}/**/*.${tier}.test.ts`);
    const reporter = join(root, 'tools', 'mocha-reporter.cjs');
    const exit = node(
      [
        mocha,
        ...(process.stdout.isTTY ? [] : ['--no-color']),
        '--reporter',
        reporter,
        ...run.args,
        ...forMocha,
        ...patterns,
      ],
      { ...run.env, WHERRY_TEST_TOTALS: totals },
    );
    status = status === 0 ? exit : status;
  }
}
const lines = readFileSync(totals, 'utf8')
  .trim()
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
rmSync(scratch, { recursive: true, force: true });
const sum = (key) => lines.reduce((total, line) => total + line[key], 0);
if (status !== 0 && sum('failures') === 0) console.log('The tests did not run to their end.');
console.log(`${sum('passes')} passed, ${sum('failures')} failed`);
process.exitCode = status === 0 ? 0 : 1;
