import { rm } from 'node:fs/promises';
import { messageOf } from '../../core/errors.ts';
import { cachedBytes, cachePath, digestOf, digestText, storeBytes } from '../../platform/net/digest-cache.ts';
import type { Digest } from '../../platform/net/digest-cache.ts';
import { digestMismatch } from '../../platform/net/errors.ts';
import type { ArchiveContext } from './context.ts';
import { collectBytes, decompress } from './decompress.ts';
import { badRelease } from './release.ts';
import type { Release } from './release.ts';
import type { SuiteSource } from './suites.ts';

/** The unpacked package list: its bytes, verified, and their digest. */
export interface PackagesFile {
  bytes: Buffer;
  sha256: string;
}

/** trixie's has 57 MB. */
const MAX_BYTES = 512 << 20;

/**
 * The package list of one component, by the digests in the verified Release. The unpacked list is what
 * stays in the cache (the signed text has its digest too), so a warm start neither downloads nor unpacks.
 */
export async function loadPackages(
  context: ArchiveContext,
  source: SuiteSource,
  release: Release,
  component: string,
): Promise<PackagesFile> {
  const path = `${component}/binary-${context.arch}/Packages`;
  const name = `${path} of ${source.suite}`;
  const plain = release.files.get(path);
  const packed = release.files.get(`${path}.xz`);
  if (plain === undefined || packed === undefined) {
    throw badRelease(
      `InRelease of ${source.suite}`,
      `it lists no ${plain === undefined ? path : `${path}.xz`}`,
    );
  }
  if (plain.size > MAX_BYTES)
    throw badRelease(`InRelease of ${source.suite}`, `its ${path} has ${plain.size} bytes`);

  const wanted: Digest = { algorithm: 'sha256', hex: plain.sha256 };
  const cached = await cachedBytes(context.cacheDir, wanted, name);
  if (cached !== undefined) return { bytes: cached, sha256: plain.sha256 };

  const below = release.byHash
    ? `${component}/binary-${context.arch}/by-hash/SHA256/${packed.sha256}`
    : `${path}.xz`;
  const url = `${source.mirror}/dists/${source.suite}/${below}`;
  const { signal, onProgress, offline } = context;
  const digest: Digest = { algorithm: 'sha256', hex: packed.sha256 };
  const file = await context.downloader.fetch(
    { name: `${path}.xz of ${source.suite}`, url, digest, size: packed.size, maxBytes: packed.size },
    { signal, onProgress, offline },
  );
  const bytes = await unpack(file, plain.size, name);
  const actual = digestOf('sha256', bytes);
  await rm(cachePath(context.cacheDir, digest), { force: true });
  if (actual.hex !== plain.sha256) throw digestMismatch(name, url, digestText(wanted), digestText(actual));
  await storeBytes(context.cacheDir, wanted, bytes, name);
  return { bytes, sha256: plain.sha256 };
}

async function unpack(file: string, size: number, name: string): Promise<Buffer> {
  try {
    return await collectBytes(decompress({ path: file }, '.xz'), size, name);
  } catch (error) {
    throw badRelease(name, messageOf(error));
  }
}
