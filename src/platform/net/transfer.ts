import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { refusedByMirror, tooLarge } from './errors.ts';
import { headerOf } from './http-client.ts';
import type { HttpGet } from './http-client.ts';
import type { DownloadRequest } from './download.ts';

/** What one transfer left in the file: its digest (hex), and whether earlier bytes were reused. */
export interface Transferred {
  hex: string;
  resumed: boolean;
}

/** An answer that says "later": the caller may try again. */
export class LaterError extends Error {
  readonly status: number;
  readonly retryAfter: string | undefined;
  constructor(status: number, retryAfter: string | undefined) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** A body that ended before its time. */
export class TruncatedError extends Error {
  constructor(received: number, expected: number) {
    super(`the connection ended after ${received} of ${expected} bytes`);
  }
}

interface Writing {
  handle: FileHandle;
  hash: Hash;
  received: number;
}

/**
 * Brings one file to `path`, continuing what is there with a Range request (RFC 9110 §14): a 206 that
 * starts where asked is appended, a 200 starts over. Never writes more than the request allows. The
 * file is fsynced when it is complete.
 */
export async function transfer(
  get: HttpGet,
  request: DownloadRequest,
  path: string,
  isLater: (status: number) => boolean,
  signal: AbortSignal | undefined,
  onBytes: (received: number) => void,
): Promise<Transferred> {
  const limit = request.size ?? request.maxBytes;
  const handle = await open(path, 'a+');
  try {
    const writing: Writing = { handle, hash: createHash(request.digest.algorithm), received: 0 };
    await readBack(writing, limit);
    const resumedFrom = writing.received;
    if (request.size === undefined || writing.received < request.size) {
      onBytes(writing.received);
      await receive(get, request, writing, limit, isLater, signal, onBytes);
    }
    await handle.sync();
    return { hex: writing.hash.digest('hex'), resumed: resumedFrom > 0 };
  } finally {
    await handle.close();
  }
}

/** Hashes what an earlier run left; more than the file may have is thrown away. */
async function readBack(writing: Writing, limit: number): Promise<void> {
  const { size } = await writing.handle.stat();
  if (size > limit) {
    await writing.handle.truncate(0);
    return;
  }
  const buffer = Buffer.allocUnsafe(Math.min(size, 1 << 20));
  while (writing.received < size) {
    const { bytesRead } = await writing.handle.read(buffer, 0, buffer.length, writing.received);
    if (bytesRead === 0) return;
    writing.hash.update(buffer.subarray(0, bytesRead));
    writing.received += bytesRead;
  }
}

async function startOver(writing: Writing, request: DownloadRequest): Promise<void> {
  if (writing.received === 0) return;
  await writing.handle.truncate(0);
  writing.hash = createHash(request.digest.algorithm);
  writing.received = 0;
}

async function receive(
  get: HttpGet,
  request: DownloadRequest,
  writing: Writing,
  limit: number,
  isLater: (status: number) => boolean,
  signal: AbortSignal | undefined,
  onBytes: (received: number) => void,
): Promise<void> {
  const headers: Record<string, string> = writing.received > 0 ? { range: `bytes=${writing.received}-` } : {};
  let answer = await get(request.url, { headers, signal });
  if (answer.status === 416) {
    answer.body.destroy();
    await startOver(writing, request);
    answer = await get(request.url, { signal });
  }
  if (answer.status !== 200 && answer.status !== 206) {
    answer.body.destroy();
    if (isLater(answer.status)) throw new LaterError(answer.status, headerOf(answer, 'retry-after'));
    throw refusedByMirror(request.url, answer.status);
  }
  const continues =
    answer.status === 206 &&
    (headerOf(answer, 'content-range') ?? '').startsWith(`bytes ${writing.received}-`);
  if (!continues) {
    if (answer.status === 206) {
      answer.body.destroy();
      throw refusedByMirror(request.url, answer.status);
    }
    await startOver(writing, request);
  }
  const length = Number(headerOf(answer, 'content-length') ?? Number.NaN);
  const announced = Number.isFinite(length) ? writing.received + length : undefined;

  for await (const chunk of answer.body) {
    signal?.throwIfAborted();
    const bytes = chunk as Buffer;
    if (writing.received + bytes.length > limit) throw tooLarge(request.url, limit);
    await writing.handle.appendFile(bytes);
    writing.hash.update(bytes);
    writing.received += bytes.length;
    onBytes(writing.received);
  }
  const expected = request.size ?? announced;
  if (expected !== undefined && writing.received < expected)
    throw new TruncatedError(writing.received, expected);
}
