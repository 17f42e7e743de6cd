// Plants breaks in a copy of the tree, one at a time, and expects the tests to notice each: `npm run mutants`, or
// `npm run mutants -- host namespace` for those whose description has one of the words.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';
import { plant } from './plant.ts';
import { makeScratchTree } from './scratch-tree.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const words = process.argv.slice(2);
const chosen = MUTANTS.filter(({ what }) => words.length === 0 || words.some((word) => what.includes(word)));

const tree = makeScratchTree(repository);
process.on('SIGINT', () => {
  tree.remove();
  process.exit(130);
});
let survivors = 0;
try {
  // A test that is red anyway notices nothing.
  const selections = new Map(chosen.map(({ tests }) => [tests.join(' '), tests]));
  for (const [name, tests] of selections) {
    const { passes, failures, firstFailure } = await tree.test(tests);
    if (failures > 0 || passes === 0) {
      throw new Error(`${name} is red without a mutant: ${firstFailure ?? 'no test ran'}`);
    }
  }
  for (const mutant of chosen) {
    const takeOut = plant(tree.root, mutant);
    const { failures, firstFailure } = await tree.test(mutant.tests);
    takeOut();
    if (failures === 0) survivors += 1;
    const verdict = failures === 0 ? 'SURVIVED' : 'caught';
    console.log(`${verdict.padEnd(9)} ${mutant.what}`);
    console.log(
      `          ${mutant.file}; ${firstFailure === undefined ? mutant.tests.join(' ') : `by "${firstFailure}"`}`,
    );
  }
} finally {
  tree.remove();
}
console.log(`${chosen.length - survivors} of ${chosen.length} mutants caught`);
process.exitCode = survivors === 0 && chosen.length > 0 ? 0 : 1;
