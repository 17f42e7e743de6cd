import { join } from 'node:path';
import { repository } from '../../helpers/e2e-world.ts';
import { runProgram } from '../../helpers/process.ts';
import { temporaryHome } from '../image-crashes/home.ts';
import { readResults, resultsPath, writeResults } from '../results.ts';
import { soakCycle, type CycleRecord, type Usual } from './cycle.ts';
import type { Place } from './look.ts';

const NAME = 'soak';

interface Tally {
  readonly seed: number;
  readonly cycles: readonly CycleRecord[];
}

/** `npm run soak -- machines`: goes on where the seed's last run ended. @returns the exit status */
export async function soakMachines(options: {
  readonly seed: number;
  readonly wanted: number;
  readonly fresh: boolean;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { seed, wanted, fresh, signal } = options;
  const path = resultsPath(seed, 'machines');
  let tally: Tally = readResults(path, { seed, cycles: [] }, fresh);
  const home = temporaryHome();
  const place: Place = {
    home: home.home,
    env: home.env,
    wherry: (args) =>
      runProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...args], { env: home.env }),
  };
  try {
    if (tally.cycles.length < wanted) {
      console.log(`Composing the image; ${tally.cycles.length} of ${wanted} cycles are done`);
      await home.ok(['machine', 'image', 'build']);
    }
    const usual = await usualTimes(place);
    while (tally.cycles.length < wanted && !signal.aborted) {
      const record = await soakCycle(place, NAME, seed, tally.cycles.length, usual);
      if (signal.aborted) break;
      tally = { ...tally, cycles: [...tally.cycles, record] };
      writeResults(path, { seed, summary: summarize(tally.cycles), cycles: tally.cycles });
      const { index, midway, seconds, plan, failure } = record;
      const outcome = failure === undefined ? 'right' : `WRONG\n${failure}`;
      console.log(
        `${String(index + 1).padStart(4)}  ${seconds} s, down by ${plan.down}; ${midway.join(', ') || 'undisturbed'}: ${outcome}`,
      );
      if (failure !== undefined) await place.wherry(['machine', 'rm', '-f', NAME]);
    }
  } finally {
    await place.wherry(['machine', 'rm', '-f', NAME]);
    home.remove();
  }
  const { right, wrong, blows } = summarize(tally.cycles);
  console.log(`${right} cycles ended rightly, ${wrong} didn't; ${blows} blows amid a command (seed ${seed})`);
  return wrong === 0 && right >= wanted ? 0 : 1;
}

/** One life undisturbed: when the blows of the others are to come. */
export async function usualTimes(place: Place, name = NAME): Promise<Usual> {
  const time = async (words: readonly string[]): Promise<number> => {
    const begun = performance.now();
    const { status, stderr } = await place.wherry(words);
    if (status !== 0) throw new Error(`wherry ${words.join(' ')}: exit ${status}\n${stderr}`);
    return performance.now() - begun;
  };
  const create = await time(['machine', 'create', '--cpus', '1', '--memory', '512', '--disk', '2', name]);
  const rm = await time(['machine', 'rm', '-f', name]);
  // A start is a create without the image's check and the disk; the difference is none here.
  return { create, start: create, rm };
}

function summarize(cycles: readonly CycleRecord[]) {
  const wrong = cycles.filter(({ failure }) => failure !== undefined).length;
  const midway = cycles.flatMap((cycle) => cycle.midway);
  const faults: Record<string, number> = {};
  for (const blow of midway) faults[blow] = (faults[blow] ?? 0) + 1;
  return { right: cycles.length - wrong, wrong, blows: midway.length, faults };
}
