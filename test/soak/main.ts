// Starts one machine again and again, brought down each time in a way that a seed chooses, and asks its engine:
//   npm run soak                          30 starts with seed 1; goes on where an ended run stopped
//   npm run soak -- --seed 7 --starts 100
//   npm run soak -- --fresh               forgets the seed's earlier starts
// The tally is kept in bench/results/soak-SEED.json.
//   npm run soak -- containers            5,000 containers in a row and execs among them, then 50 at once: what do they leave behind?
//   npm run soak -- containers --seed 7 --count 100 --parallel 10
//   npm run soak -- engine-kills          50 times kill -9 of the engine under load: is a container lost, or left behind?
//   npm run soak -- engine-kills --seed 7 --kills 10
//   npm run soak -- image-crashes         200 crashes amid pulls and removals: is an image lost, or anything left behind?
//   npm run soak -- image-crashes --seed 7 --points 20
//   npm run soak -- machines              100 machines created, brought down, started and removed, struck amid each: does each end rightly?
//   npm run soak -- machines --seed 7 --cycles 10
//   npm run soak -- fuzz                  20,000 rounds of changed archives, manifests, names and headers: is one misread?
//   npm run soak -- fuzz --seed 7 --rounds 1000000
// Their tallies are bench/results/soak-containers-SEED.json, soak-engine-kills-SEED.json, soak-image-crashes-SEED.json
// and soak-machines-SEED.json; they go on, too.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    starts: { type: 'string', default: '30' },
    count: { type: 'string', default: '5000' },
    parallel: { type: 'string', default: '50' },
    kills: { type: 'string', default: '50' },
    cycles: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '20000' },
    points: { type: 'string', default: '200' },
    fresh: { type: 'boolean', default: false },
  },
});
const { fresh } = values;

/** @throws RangeError for anything but a positive integer: nothing at all would be done, and nothing be found */
function number(
  name: 'seed' | 'starts' | 'count' | 'parallel' | 'kills' | 'cycles' | 'rounds' | 'points',
): number {
  const text = values[name];
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new RangeError(`--${name} must be a whole number above 0, not "${text}"`);
}
const seed = number('seed');

const interrupted = new AbortController();
process.once('SIGINT', () => {
  // Ctrl-C reaches the work that is under way, too: it doesn't count.
  interrupted.abort();
  console.log('Ending; the same command goes on from here (fuzz: begins anew).');
});
const { signal } = interrupted;

const soaks: Readonly<Record<string, () => Promise<number>>> = {
  starts: async () => {
    const { soakStarts } = await import('./starts.ts');
    return soakStarts({ seed, wanted: number('starts'), fresh, signal });
  },
  containers: async () => {
    const { soakContainersOfAMachine } = await import('./containers/main.ts');
    const [count, parallel] = [number('count'), number('parallel')];
    return soakContainersOfAMachine({ seed, count, parallel, fresh, signal });
  },
  'engine-kills': async () => {
    const { soakEngineKills } = await import('./engine-kills/main.ts');
    return soakEngineKills({ seed, wanted: number('kills'), fresh, signal });
  },
  machines: async () => {
    const { soakMachines } = await import('./machines/main.ts');
    return soakMachines({ seed, wanted: number('cycles'), fresh, signal });
  },
  fuzz: async () => {
    const { soakFuzz } = await import('./fuzz/main.ts');
    return await soakFuzz({ seed, rounds: number('rounds'), signal });
  },
  'image-crashes': async () => {
    const { soakImageCrashes } = await import('./image-crashes/main.ts');
    return soakImageCrashes({ seed, wanted: number('points'), fresh, signal });
  },
};
const [what = 'starts'] = positionals;
const soak = soaks[what];
if (soak === undefined) throw new Error(`no soak "${what}": ${Object.keys(soaks).join(', ')}`);
process.exitCode = await soak();
