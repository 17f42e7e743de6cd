import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, type Finished } from '../helpers/process.ts';
import { soakStart, type Subject } from './harness.ts';
import { readResults, resultsPath, writeResults } from './results.ts';
import { summarize, type Tally } from './tally.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NAME = 'soak';
const SIZE = ['--cpus', '2', '--memory', '2048'];

/** Starts one machine again and again. @returns the exit status */
export async function soakStarts(options: {
  readonly seed: number;
  readonly wanted: number;
  readonly fresh: boolean;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { seed, wanted, fresh, signal } = options;
  const path = resultsPath(seed);
  let tally: Tally = readResults(path, { seed, starts: [] }, fresh);
  const cache = join(repository, '.cache', 'downloads');
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'wherry-soak-'));
  const home = join(scratch, 'home');
  const env = { ...process.env, CI: 'true', NO_COLOR: '1', WHERRY_HOME: home, WHERRY_CACHE: cache };
  const wherry = (args: readonly string[]): Promise<Finished> =>
    runProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...args], { env, timeoutMs: 600_000 });
  const subject: Subject = { home, name: NAME, wherry };
  try {
    if (tally.starts.length < wanted) {
      console.log(`Creating a machine; ${tally.starts.length} of ${wanted} starts are done`);
      const created = await wherry(['machine', 'create', ...SIZE, NAME]);
      if (created.status !== 0) throw new Error(`machine create: exit ${created.status}\n${created.stderr}`);
    }
    while (tally.starts.length < wanted && !signal.aborted) {
      const record = await soakStart(subject, seed, tally.starts.length);
      if (signal.aborted) break;
      tally = { ...tally, starts: [...tally.starts, record] };
      writeResults(path, { ...tally, summary: summarize(tally) });
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
  return failed === 0 && succeeded >= wanted ? 0 : 1;
}
