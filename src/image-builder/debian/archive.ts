import { rm } from 'node:fs/promises';
import type { Arch } from '../../core/arch.ts';
import { cachePath } from '../../platform/net/digest-cache.ts';
import { createDownloader } from '../../platform/net/download.ts';
import type { DownloadProgress } from '../../platform/net/download.ts';
import { createHttpGet } from '../../platform/net/http-client.ts';
import type { HttpGet } from '../../platform/net/http-client.ts';
import type { RetryPolicy } from '../../platform/net/retry.ts';
import type { ArchiveContext } from './context.ts';
import { loadRelease } from './in-release.ts';
import type { PackageRecord } from './package-record.ts';
import { loadPackages } from './packages-file.ts';
import { indexPackages } from './packages-index.ts';
import type { PackagesIndex } from './packages-index.ts';
import { resolvePackages } from './resolve.ts';
import type { ResolveOptions } from './resolve.ts';
import { readSuiteState, writeSuiteState } from './suite-state.ts';
import type { SuiteSource } from './suites.ts';

export interface OpenArchiveOptions {
  /** See `debianSuites`. */
  suites: readonly SuiteSource[];
  arch: Arch;
  /** Root of the content-addressed cache, shared with every other download. */
  cacheDir: string;
  now?: () => Date;
  signal?: AbortSignal;
  onProgress?: (progress: DownloadProgress) => void;
  /** Use only what is cached (and still valid); otherwise a mirror that is down is an error. */
  offline?: boolean;
  get?: HttpGet;
  retry?: RetryPolicy;
  freeSpace?: (directory: string) => Promise<number>;
}

/** What vouches for an answer, for lock files: one verified InRelease. */
export interface OpenedSuite {
  suite: string;
  mirror: string;
  /** The release's, where its InRelease names one: `13.7`. */
  version?: string | undefined;
  /** Of the InRelease, ISO 8601. */
  date: string;
  /** Digest of the InRelease file, lower-case hex. */
  inReleaseSha256: string;
}

/** A package whose bytes are in the cache and were verified in this call. */
export interface FetchedPackage {
  record: PackageRecord;
  path: string;
}

export interface DebianArchive {
  suites: readonly OpenedSuite[];
  /** The package lists, for whoever looks for more than a name. */
  indexes: readonly PackagesIndex[];
  /** See `resolvePackages`. */
  resolve(roots: readonly string[], options?: ResolveOptions): PackageRecord[];
  /** Brings the packages' .debs, in parallel, each verified against the signed list, in the given order. */
  fetch(records: readonly PackageRecord[]): Promise<FetchedPackage[]>;
}

/**
 * Opens a Debian archive: fetches and verifies the suites' InRelease files and package lists. Everything
 * that `resolve` and `fetch` then say and bring rests on those signatures. Throws a WherryError that names
 * the file or mirror and the reason; nothing unverified stays on disk.
 */
export async function openArchive(options: OpenArchiveOptions): Promise<DebianArchive> {
  const { cacheDir, arch, signal, onProgress, offline = false, retry, get = createHttpGet() } = options;
  const downloader = createDownloader({
    cacheDir,
    get,
    ...(retry === undefined ? {} : { retry }),
    ...(options.freeSpace === undefined ? {} : { freeSpace: options.freeSpace }),
  });
  const now = options.now ?? (() => new Date());
  const context: ArchiveContext = {
    arch,
    cacheDir,
    now,
    get,
    downloader,
    offline,
    retry,
    signal,
    onProgress,
  };
  const opened = await settleAll(options.suites.map(async (source) => openSuite(context, source)));

  const indexes = opened.flatMap((suite) => suite.indexes);
  return {
    suites: opened.map(({ summary }) => summary),
    indexes,
    resolve: (roots, resolveOptions) => resolvePackages(indexes, roots, resolveOptions),
    fetch: async (records) => {
      const requests = records.map((record) => ({
        name: `${record.name} ${record.version}`,
        url: record.url,
        digest: { algorithm: 'sha256' as const, hex: record.sha256 },
        size: record.size,
        maxBytes: record.size,
      }));
      const paths = await downloader.fetchAll(requests, { signal, onProgress, offline });
      return records.map((record, index) => ({ record, path: paths[index] ?? '' }));
    },
  };
}

async function openSuite(
  context: ArchiveContext,
  source: SuiteSource,
): Promise<{ summary: OpenedSuite; indexes: PackagesIndex[] }> {
  const before = await readSuiteState(context.cacheDir, source.suite);
  const { release, state } = await loadRelease(context, source);
  const indexes: PackagesIndex[] = [];
  const lists: Record<string, string> = { ...state.indexes };
  for (const component of source.components) {
    const { bytes, sha256 } = await loadPackages(context, source, release, component);
    lists[`${component}/${context.arch}`] = sha256;
    indexes.push(indexPackages(bytes, source));
  }
  if (JSON.stringify(lists) !== JSON.stringify(state.indexes)) {
    await writeSuiteState(context.cacheDir, source.suite, { ...state, indexes: lists });
  }
  const after = new Set([state.inRelease, ...Object.values(lists)]);
  const superseded = before === undefined ? [] : [before.inRelease, ...Object.values(before.indexes)];
  for (const hex of superseded) {
    if (!after.has(hex)) await rm(cachePath(context.cacheDir, { algorithm: 'sha256', hex }), { force: true });
  }
  return {
    summary: {
      suite: source.suite,
      mirror: source.mirror,
      version: release.version,
      date: state.date,
      inReleaseSha256: state.inRelease,
    },
    indexes,
  };
}

/** Waits for all, so that nothing goes on writing behind an error; then throws the first one. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
