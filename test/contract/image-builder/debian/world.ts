import { readdir } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WherryError } from '../../../../src/core/errors.ts';
import { openArchive } from '../../../../src/image-builder/debian/archive.ts';
import type { DebianArchive, OpenArchiveOptions } from '../../../../src/image-builder/debian/archive.ts';
import type { RetryPolicy } from '../../../../src/platform/net/retry.ts';
import { buildArchive, newSigner, NOW, SUITE } from './fake-archive.ts';
import type { FakePackage, ReleaseOptions, Signer } from './fake-archive.ts';
import { serveFiles } from './file-server.ts';
import type { FileServer } from './file-server.ts';

export const PACKAGES: readonly FakePackage[] = [
  { name: 'app', version: '1.0-1', depends: 'lib (>= 2)', files: { 'usr/bin/app': 'app\n' } },
  { name: 'lib', version: '2.1', files: { 'usr/lib/lib.so': 'lib\n' }, compression: 'zst' },
];

export const INSTANT: RetryPolicy = { attempts: 3, pause: async () => {}, random: () => 0 };

/** One fake mirror, one signer and one empty cache. */
export interface World {
  signer: Signer;
  server: FileServer;
  cacheDir: string;
  /** Replaces what the mirror has. */
  publish(options?: Partial<ReleaseOptions>): Promise<void>;
  open(options?: Partial<OpenArchiveOptions>): Promise<DebianArchive>;
  /** Every file in the cache, relative, sorted. */
  kept(): Promise<string[]>;
  close(): Promise<void>;
}

export async function newWorld(): Promise<World> {
  const signer = await newSigner('Test archive');
  const server = await serveFiles(new Map());
  const cacheDir = await mkdtemp(join(tmpdir(), 'wherry-debian-'));
  const world: World = {
    signer,
    server,
    cacheDir,
    publish: async (options = {}) => {
      server.files = await buildArchive({ signer, packages: PACKAGES, ...options });
      server.requests.length = 0;
    },
    open: (options = {}) =>
      openArchive({
        suites: [{ suite: SUITE, mirror: server.url, components: ['main'], keys: [signer.trusted] }],
        arch: 'amd64',
        cacheDir,
        now: () => NOW,
        retry: INSTANT,
        ...options,
      }),
    kept: async () => {
      const entries = await readdir(cacheDir, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return files.map((entry) => join(entry.parentPath, entry.name).slice(cacheDir.length + 1)).toSorted();
    },
    close: async () => {
      await server.close();
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
  await world.publish();
  return world;
}

/** The WherryError that `action` must fail with. */
export async function failureOf(action: () => Promise<unknown>): Promise<WherryError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof WherryError) return error;
    throw error;
  }
  throw new Error('it succeeded, but must not');
}

/** A copy with the byte at `offset` changed. */
export function tampered(bytes: Buffer | undefined, offset: number): Buffer {
  if (bytes === undefined) throw new Error('no such file on the mirror');
  const copy = Buffer.from(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ 1;
  return copy;
}
