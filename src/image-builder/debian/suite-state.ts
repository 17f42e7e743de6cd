import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { systemErrorCode, WherryError } from '../../core/errors.ts';
import { isNoSpace } from '../../platform/net/digest-cache.ts';
import { diskFull } from '../../platform/net/errors.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';

/**
 * What is remembered of a suite, in `<cache>/debian/<suite>/seen.json`. It only moves forward, and only
 * after verification. Digests are lower-case hex and name files of the content-addressed cache.
 */
const suiteStateSchema = z.object({
  /** The newest `Date` of a verified InRelease: nothing older is accepted, from any mirror. */
  date: z.iso.datetime(),
  inRelease: z.string().regex(/^[0-9a-f]{64}$/),
  url: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  /** The unpacked package list in use, by `component/arch`. */
  indexes: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});
export type SuiteState = z.infer<typeof suiteStateSchema>;

function statePath(cacheDir: string, suite: string): string {
  return join(cacheDir, 'debian', suite, 'seen.json');
}

/** The suite's state, or undefined if it was never seen. A damaged file is an error: it guards against rollback. */
export async function readSuiteState(cacheDir: string, suite: string): Promise<SuiteState | undefined> {
  const path = statePath(cacheDir, suite);
  try {
    return suiteStateSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new WherryError({
      code: 'SUITE_STATE_INVALID',
      message: `The record of the last seen ${suite} is damaged: ${path}`,
      hint: 'Remove that file to trust the mirror afresh.',
      cause: error,
    });
  }
}

export async function writeSuiteState(cacheDir: string, suite: string, state: SuiteState): Promise<void> {
  const path = statePath(cacheDir, suite);
  const text = `${JSON.stringify(state, undefined, 2)}\n`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, text);
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(`the record of ${suite}`, cacheDir, text.length, undefined, error);
    throw error;
  }
}
