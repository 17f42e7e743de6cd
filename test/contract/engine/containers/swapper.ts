/**
 * What a hostile container would run: exchanges names of its own with each other (renameat2(2), RENAME_EXCHANGE) as fast
 * as it goes. A program of its own, run beside the containers.
 *
 * usage: node swapper.ts MILLISECONDS DIRECTORY NAME OTHER [NAME OTHER…]; it prints how many times it did
 */
import { join } from 'node:path';
import { hasCode } from '../../../../src/engine/sys/errno.ts';
import { libcFunction } from '../../../../src/engine/sys/ffi.ts';

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const renameat2 = libcFunction(
  'int renameat2(int oldDirectory, const char *old, int newDirectory, const char *new, unsigned int flags)',
);

const [milliseconds = '', directory = '', ...names] = process.argv.slice(2);
const pairs = names.flatMap((name, at) =>
  at % 2 === 0 ? [[join(directory, name), join(directory, names[at + 1] ?? '')] as const] : [],
);
const until = Date.now() + Number(milliseconds);
let swaps = 0;
while (Date.now() < until) {
  for (const [one, other] of pairs) {
    try {
      renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
      swaps += 1;
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error; // cp replaces them meanwhile.
    }
  }
}
process.stdout.write(`${swaps}\n`);
