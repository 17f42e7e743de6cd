import { availableParallelism } from 'node:os';
import type { FetchedPackage } from '../debian/archive.ts';
import { readControlFiles } from '../debian/deb.ts';
import { together } from '../together.ts';
import type { ReadPackage } from './second-stage.ts';

/**
 * The packages with their control archives' files, in the given order. As many at a time as there are processors: each
 * that is being read has a decoder's thread.
 */
export async function readControls(
  items: readonly FetchedPackage[],
  signal: AbortSignal,
  read: (path: string) => Promise<ReadonlyMap<string, Buffer>> = readControlFiles,
): Promise<ReadPackage[]> {
  const found: ReadPackage[] = [];
  const left = items.entries();
  const readNext = async (until: AbortSignal): Promise<void> => {
    for (const [index, fetched] of left) {
      until.throwIfAborted();
      found[index] = { fetched, control: await read(fetched.path) };
    }
  };
  await together(signal, ...Array.from({ length: availableParallelism() }, () => readNext));
  return found;
}
