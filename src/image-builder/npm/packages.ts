import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import type { Digest } from '../../platform/net/digest-cache.ts';

/** An npm package that goes into VM images, pinned by what its tarball hashes to. */
export interface NpmPackage {
  name: string;
  version: string;
  license: string;
  /** Of the tarball. */
  bytes: number;
  /** Subresource integrity, `sha512-<base64>`, as the registry's `dist.integrity` gives it. */
  integrity: string;
}

const packageListSchema = z.array(
  z.object({
    name: z.string().regex(/^(?:@[\w.-]+\/)?[\w.-]+$/),
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    license: z.string(),
    bytes: z.int().positive(),
    integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/),
  }),
);

const LIST = new URL('../../../vm-images/npm-packages.json', import.meta.url);

/** The pinned packages (`vm-images/npm-packages.json`) of these names, in the order asked for. */
export async function pinnedNpmPackages(names: readonly string[]): Promise<NpmPackage[]> {
  const list = packageListSchema.parse(JSON.parse(await readFile(LIST, 'utf8')));
  return names.map((name) => {
    const found = list.find((item) => item.name === name);
    if (found !== undefined) return found;
    throw new WherryError({
      code: 'NPM_NOT_PINNED',
      message: `No version of the npm package ${name} is pinned`,
    });
  });
}

/** An integrity string's digest (W3C Subresource Integrity §3). */
export function integrityDigest(integrity: string): Digest {
  const hex = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');
  if (!integrity.startsWith('sha512-') || hex.length !== 128) {
    throw new WherryError({ code: 'NPM_INTEGRITY', message: `Not a sha512 integrity: ${integrity}` });
  }
  return { algorithm: 'sha512', hex };
}
