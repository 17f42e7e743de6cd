import { mkdir, rename, statfs, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WherryError } from '../../core/errors.ts';
import { cachedFile, cachePath, digestText, isNoSpace, sizeOf } from './digest-cache.ts';
import type { Digest } from './digest-cache.ts';
import { syncDirectory } from '../atomic-file.ts';
import { digestMismatch, diskFull, refusedByMirror, unreachable } from './errors.ts';
import type { HttpGet } from './http-client.ts';
import { claimPartial } from './partial.ts';
import { DEFAULT_RETRY, isLocalError, isRetriableError, isRetriableStatus, pauseBefore } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import { LaterError, transfer, TruncatedError } from './transfer.ts';

/** One file to bring. `name` is for people; `size` is exact if known, otherwise `maxBytes` bounds it. */
export interface DownloadRequest {
  name: string;
  url: string;
  digest: Digest;
  size?: number;
  maxBytes: number;
}

/** Bytes. `total` is undefined when the size isn't known beforehand. */
export interface DownloadProgress {
  name: string;
  /** Whether the file was in the cache already, and nothing of it came over the network. */
  cached: boolean;
  received: number;
  total: number | undefined;
}

export interface DownloadContext {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Never touch the network: a file that isn't cached is an error. */
  offline?: boolean | undefined;
}

export interface DownloaderOptions {
  /** Root of the content-addressed cache; `<root>/sha256/ab/abcd…`. */
  cacheDir: string;
  get: HttpGet;
  retry?: RetryPolicy;
  /** Files at a time. */
  concurrency?: number;
  /** Free bytes for a path's filesystem. */
  freeSpace?: (directory: string) => Promise<number>;
}

/** Brings files into the cache; a returned path's bytes have been verified against the digest in this call. */
export interface Downloader {
  fetch(request: DownloadRequest, context?: DownloadContext): Promise<string>;
  /** All of them, in parallel, paths in the requests' order; the first failure stops the rest. */
  fetchAll(requests: readonly DownloadRequest[], context?: DownloadContext): Promise<string[]>;
}

export function createDownloader(options: DownloaderOptions): Downloader {
  const { cacheDir, concurrency = 6, freeSpace = freeBytes } = options;

  const fetchAll: Downloader['fetchAll'] = async (requests, context = {}) => {
    context.signal?.throwIfAborted();
    await mkdir(cacheDir, { recursive: true });
    await requireRoom(cacheDir, requests, freeSpace);
    const paths: string[] = Array.from({ length: requests.length });
    const stop = new AbortController();
    const signal =
      context.signal === undefined ? stop.signal : AbortSignal.any([context.signal, stop.signal]);
    let next = 0;
    let failure: { error: unknown; request: DownloadRequest } | undefined;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < requests.length && failure === undefined; index = next++) {
        const request = requests[index];
        if (request === undefined) return;
        try {
          paths[index] = await fetchOne(options, request, { ...context, signal });
        } catch (error) {
          failure ??= { error, request };
          stop.abort();
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, worker));
    if (failure !== undefined) {
      const { error, request } = failure;
      throw isNoSpace(error) ? await noRoom(request, cacheDir, freeSpace, error) : error;
    }
    return paths;
  };

  return {
    fetchAll,
    fetch: async (request, context) => {
      const [path] = await fetchAll([request], context);
      if (path === undefined) throw new Error('fetchAll returned no path for its only request');
      return path;
    },
  };
}

/** Refuses before the first byte when the disk can't hold what is missing. */
async function requireRoom(
  cacheDir: string,
  requests: readonly DownloadRequest[],
  freeSpace: (directory: string) => Promise<number>,
): Promise<void> {
  let needed = 0;
  for (const request of requests) {
    if ((await sizeOf(cachePath(cacheDir, request.digest))) === undefined) needed += request.size ?? 0;
  }
  if (needed === 0) return;
  const free = await freeSpace(cacheDir);
  const what =
    requests.length === 1 && requests[0] !== undefined ? requests[0].name : `${requests.length} files`;
  if (free < needed) throw diskFull(what, cacheDir, needed, free);
}

async function noRoom(
  request: DownloadRequest,
  cacheDir: string,
  freeSpace: (directory: string) => Promise<number>,
  cause: unknown,
): Promise<WherryError> {
  const needed = request.size ?? request.maxBytes;
  return diskFull(request.name, cacheDir, needed, await freeSpace(cacheDir), cause);
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

async function fetchOne(
  options: DownloaderOptions,
  request: DownloadRequest,
  context: DownloadContext,
): Promise<string> {
  const { cacheDir } = options;
  const report = (received: number, isCached = false): void =>
    context.onProgress?.({ name: request.name, cached: isCached, received, total: request.size });
  const cached = await cachedFile(cacheDir, request.digest, request.name);
  if (cached !== undefined) {
    report((await sizeOf(cached)) ?? 0, true);
    return cached;
  }
  if (context.offline === true) {
    throw new WherryError({
      code: 'OFFLINE',
      message: `${request.name} is not in the cache and may not be downloaded (offline): ${request.url}`,
    });
  }
  const partial = await claimPartial(cacheDir, request.digest);
  try {
    await bring(options, request, partial.path, context.signal, report);
    const path = cachePath(cacheDir, request.digest);
    await mkdir(dirname(path), { recursive: true });
    await rename(partial.path, path);
    await syncDirectory(dirname(path));
    return path;
  } catch (error) {
    const keeps = error instanceof WherryError ? error.code.startsWith('MIRROR_') : !isNoSpace(error);
    await (keeps ? partial.release() : partial.discard());
    throw error;
  }
}

/** Tries until `path` holds the promised bytes. */
async function bring(
  options: DownloaderOptions,
  request: DownloadRequest,
  path: string,
  signal: AbortSignal | undefined,
  report: (received: number) => void,
): Promise<void> {
  const { get, retry = DEFAULT_RETRY } = options;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      const { hex, resumed } = await transfer(get, request, path, isRetriableStatus, signal, report);
      if (hex === request.digest.hex) return;
      const actual = digestText({ algorithm: request.digest.algorithm, hex });
      const mismatch = digestMismatch(request.name, request.url, digestText(request.digest), actual);
      if (!resumed) throw mismatch;
      // The earlier part may have been torn by a crash: one clean start decides whose fault it is.
      await truncate(path, 0);
    } catch (error) {
      signal?.throwIfAborted();
      const later = error instanceof LaterError;
      const again = later || error instanceof TruncatedError || isRetriableError(error);
      if (!again)
        throw error instanceof WherryError || isLocalError(error) ? error : unreachable(request.url, error);
      if (attempt >= retry.attempts) {
        throw later ? refusedByMirror(request.url, error.status) : unreachable(request.url, error);
      }
      await pauseBefore(retry, attempt, later ? error.retryAfter : undefined, signal);
    }
  }
}
