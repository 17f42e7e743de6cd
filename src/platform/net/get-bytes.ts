import { WherryError } from '../../core/errors.ts';
import { refusedByMirror, tooLarge, unreachable } from './errors.ts';
import { headerOf } from './http-client.ts';
import type { HttpGet } from './http-client.ts';
import { DEFAULT_RETRY, isRetriableError, isRetriableStatus, pauseBefore } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

/** What identifies a version of a resource to its server (RFC 9110 §8.8). */
export interface Validators {
  etag?: string | undefined;
  lastModified?: string | undefined;
}

export interface Fetched {
  /** Undefined: not modified since `known`. */
  bytes: Buffer | undefined;
  validators: Validators;
}

/**
 * Fetches a small document whose digest nobody knows beforehand (the caller verifies it otherwise), with
 * retries, at most `maxBytes`. With `known`, the server may answer that nothing changed.
 */
export async function getBytes(
  get: HttpGet,
  url: string,
  options: { maxBytes: number; known?: Validators; retry?: RetryPolicy; signal?: AbortSignal | undefined },
): Promise<Fetched> {
  const { maxBytes, known = {}, retry = DEFAULT_RETRY, signal } = options;
  const headers: Record<string, string> = { 'cache-control': 'max-age=0' };
  if (known.etag !== undefined) headers['if-none-match'] = known.etag;
  if (known.lastModified !== undefined) headers['if-modified-since'] = known.lastModified;

  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    let retryAfter: string | undefined;
    try {
      const answer = await get(url, { headers, signal });
      const validators = { etag: headerOf(answer, 'etag'), lastModified: headerOf(answer, 'last-modified') };
      if (answer.status === 200) return { bytes: await collect(answer.body, maxBytes, url), validators };
      answer.body.destroy();
      if (answer.status === 304) return { bytes: undefined, validators };
      if (!isRetriableStatus(answer.status) || attempt >= retry.attempts)
        throw refusedByMirror(url, answer.status);
      retryAfter = headerOf(answer, 'retry-after');
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof WherryError) throw error;
      if (!isRetriableError(error) || attempt >= retry.attempts) throw unreachable(url, error);
    }
    await pauseBefore(retry, attempt, retryAfter, signal);
  }
}

async function collect(body: AsyncIterable<unknown>, maxBytes: number, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > maxBytes) throw tooLarge(url, maxBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
