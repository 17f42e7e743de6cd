import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { diskFull, tamperedCache } from './errors.ts';
import { writeFileAtomic } from '../atomic-file.ts';

/** What a file must hash to. `hex` is lower-case. */
export interface Digest {
  algorithm: 'sha256' | 'sha512';
  hex: string;
}

export function digestText(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}

export function digestOf(algorithm: Digest['algorithm'], bytes: Uint8Array): Digest {
  return { algorithm, hex: createHash(algorithm).update(bytes).digest('hex') };
}

/** Where a digest's file lies: `<root>/sha256/ab/abcd…`. */
export function cachePath(root: string, digest: Digest): string {
  return join(root, digest.algorithm, digest.hex.slice(0, 2), digest.hex);
}

/** Hashes a file in a streaming way. */
async function hashFile(path: string, algorithm: Digest['algorithm']): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * The cached file of a digest, verified again, or undefined when there is none. A file whose bytes
 * changed is removed and named: it throws CACHE_TAMPERED rather than quietly fetching it again.
 */
export async function cachedFile(root: string, digest: Digest, name: string): Promise<string | undefined> {
  const path = cachePath(root, digest);
  if ((await sizeOf(path)) === undefined) return undefined;
  if ((await hashFile(path, digest.algorithm)) === digest.hex) return path;
  await rm(path, { force: true });
  throw tamperedCache(name, path);
}

/** As `cachedFile`, with the contents: for files that are needed in memory anyway. */
export async function cachedBytes(root: string, digest: Digest, name: string): Promise<Buffer | undefined> {
  const path = cachePath(root, digest);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (digestOf(digest.algorithm, bytes).hex === digest.hex) return bytes;
  await rm(path, { force: true });
  throw tamperedCache(name, path);
}

/** Puts verified bytes into the cache under their digest, crash-safe, and returns the path. */
export async function storeBytes(
  root: string,
  digest: Digest,
  bytes: Uint8Array,
  name: string,
): Promise<string> {
  const path = cachePath(root, digest);
  try {
    await mkdir(dirname(path), { recursive: true });
    // Public bytes: a cache may be shared by a computer's users.
    await writeFileAtomic(path, bytes, 0o644);
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(name, root, bytes.length, undefined, error);
    throw error;
  }
  return path;
}

export function isNoSpace(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** A file's size in bytes, or undefined when it doesn't exist. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
