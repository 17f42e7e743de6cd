import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { libcFunction } from './ffi.ts';

const mallocTrim: (pad: number) => number = libcFunction('int malloc_trim(size_t pad)');

/**
 * Gives memory back that work in bulk (pulling layers) has left behind: a collection by V8, then malloc_trim(3) for what
 * its thread pool's arenas keep. Takes tens of milliseconds: for quiet moments.
 */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  mallocTrim(0);
}
