// Starts one machine again and again, brought down each time in a way that a seed chooses, and asks its engine:
//   npm run soak                          30 starts with seed 1; goes on where an ended run stopped
//   npm run soak -- --seed 7 --starts 100
//   npm run soak -- --fresh               forgets the seed's earlier starts
// The tally is kept in bench/results/soak-SEED.json.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runProgram, type Finished } from '../helpers/process.ts';
import { soakStart, type Subject } from './harness.ts';
import { readTally, summarize, writeTally, type Tally } from './tally.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NAME = 'soak';
const SIZE = ['--cpus', '2', '--memory', '2048'];

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    starts: { type: 'string', default: '30' },
    fresh: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const wanted = Number(values.starts);
const path = join(repository, 'bench', 'results', `soak-${seed}.json`);
let tally: Tally = values.fresh ? { seed, starts: [] } : readTally(path, seed);

const cache = join(repository, '.cache', 'downloads');
mkdirSync(cache, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'wherry-soak-'));
const home = join(scratch, 'home');
const env = { ...process.env, CI: 'true', NO_COLOR: '1', WHERRY_HOME: home, WHERRY_CACHE: cache };
const wherry = (args: readonly string[]): Promise<Finished> =>
  runProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...args], { env, timeoutMs: 600_000 });
const subject: Subject = { home, name: NAME, wherry };

const interrupted = new AbortController();
process.once('SIGINT', () => {
  // Ctrl-C reaches the start that is under way, too: it doesn't count.
  interrupted.abort();
  console.log('Ending; the same command goes on from here.');
});
try {
  if (tally.starts.length < wanted) {
    console.log(`Creating a machine; ${tally.starts.length} of ${wanted} starts are done`);
    const created = await wherry(['machine', 'create', ...SIZE, NAME]);
    if (created.status !== 0) throw new Error(`machine create: exit ${created.status}\n${created.stderr}`);
  }
  while (tally.starts.length < wanted && !interrupted.signal.aborted) {
    const record = await soakStart(subject, seed, tally.starts.length);
    if (interrupted.signal.aborted) break;
    tally = { ...tally, starts: [...tally.starts, record] };
    writeTally(path, tally);
    const outcome =
      record.failure === undefined ? `${(record.ms / 1000).toFixed(1)} s` : `FAILED\n${record.failure}`;
    console.log(`${String(record.index + 1).padStart(4)}  after ${record.ending}: ${outcome}`);
  }
} finally {
  await wherry(['machine', 'rm', '-f', NAME]);
  rmSync(scratch, { recursive: true, force: true });
}
const { succeeded, failed, medianMs, slowestMs } = summarize(tally);
console.log(
  `${succeeded} starts succeeded, ${failed} failed; median ${(medianMs / 1000).toFixed(1)} s, slowest ${(slowestMs / 1000).toFixed(1)} s (seed ${seed})`,
);
process.exitCode = failed === 0 && succeeded >= wanted ? 0 : 1;
