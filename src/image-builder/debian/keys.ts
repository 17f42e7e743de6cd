import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { TrustedKey } from './signature.ts';

const KEYS = new URL('../../../vm-images/keys/', import.meta.url);

const keyListSchema = z.array(
  z.object({
    file: z.string().regex(/^[\w.-]+\.asc$/),
    fingerprint: z.string().regex(/^[0-9a-f]{40}$/),
    archive: z.enum(['debian', 'debian-security']),
    release: z.string(),
  }),
);

/**
 * The Debian archive keys that ship with Wherry (`vm-images/keys/`), for one archive of one release:
 * the security archive's key never vouches for the main archive, nor the other way round.
 */
export async function pinnedKeys(
  archive: 'debian' | 'debian-security',
  release: string,
): Promise<TrustedKey[]> {
  const list = keyListSchema.parse(JSON.parse(await readFile(new URL('keys.json', KEYS), 'utf8')));
  const wanted = list.filter((key) => key.archive === archive && key.release === release);
  return Promise.all(
    wanted.map(async (key) => ({
      name: key.file,
      fingerprint: key.fingerprint,
      armored: await readFile(new URL(key.file, KEYS), 'utf8'),
    })),
  );
}
