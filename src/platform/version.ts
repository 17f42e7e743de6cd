import { readFileSync } from 'node:fs';
import * as z from 'zod';

let known: string | undefined;

/** The version of this Wherry: its package.json stands two levels above both `src/platform` and `dist/platform`. */
export function wherryVersion(): string {
  known ??= z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))).version;
  return known;
}
