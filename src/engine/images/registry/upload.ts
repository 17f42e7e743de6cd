import { readBody } from './body.ts';
import { RegistryAnswer, RegistryTransportError } from './errors.ts';
import { isTransient, waitBefore, withRetry } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { RegistrySession, SessionAnswer } from './session.ts';

/** A blob of this machine's. */
export interface LocalBlob {
  readonly digest: string;
  readonly size: number;
  /** Its bytes from `offset` to before `end`. */
  readonly read: (offset: number, end: number) => AsyncIterable<Buffer>;
}

const MAX_ANSWER = 64 * 1024;
/** A registry may have to copy the whole blob before it answers. */
const SLOW_ANSWER_MS = 5 * 60_000;
/** Pieces for registries (and proxies before them) that refuse a whole blob at once, in bytes. */
const PIECE = 16 * 1024 * 1024;
const CANCEL_MS = 5000;

interface Upload {
  readonly location: URL;
  /** `OCI-Chunk-Min-Length`. */
  readonly minimum: number;
}

/** Brings blobs into one repository (OCI distribution-spec v1.1, "Push"). */
export class BlobUploader {
  readonly #session: RegistrySession;
  readonly #retry: RetryPolicy;

  constructor(session: RegistrySession, retry: RetryPolicy) {
    this.#session = session;
    this.#retry = retry;
  }

  async has(digest: string, signal: AbortSignal): Promise<boolean> {
    return await withRetry(this.#retry, signal, async () => {
      const request = { method: 'HEAD', target: `blobs/${digest}`, expects: [200, 404] } as const;
      const { response } = await this.#session.request(request, signal);
      await readBody(response, MAX_ANSWER);
      return response.statusCode === 200;
    });
  }

  /**
   * Mounts a blob from another repository of the registry, or uploads it. A transfer that breaks goes on where the
   * registry has got to. What is given up is cancelled at the registry.
   *
   * @param sources repositories that may have it
   * @returns the repository that it was mounted from
   * @throws RegistryAnswer, RegistryTransportError, RegistryUnreachable
   */
  async bring(
    blob: LocalBlob,
    sources: readonly string[],
    onProgress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    for (const source of sources) if (await this.#mounts(blob.digest, source, signal)) return source;
    await this.#upload(blob, onProgress, signal);
    return undefined;
  }

  /** A registry that doesn't mount begins an upload instead, or says no: both mean that the bytes are to be sent. */
  async #mounts(digest: string, source: string, signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#post(`?mount=${digest}&from=${encodeURIComponent(source)}`, signal);
      if (answer.response.statusCode === 201) return true;
      await this.#cancel(uploadOf(answer));
    } catch (error) {
      if (!(error instanceof RegistryAnswer)) throw error;
    }
    return false;
  }

  async #post(query: string, signal: AbortSignal): Promise<SessionAnswer> {
    return await withRetry(this.#retry, signal, async () => {
      const headers = { 'content-length': '0' };
      const target = `blobs/uploads/${query}`;
      const request = { method: 'POST', target, headers, expects: [201, 202] } as const;
      return await this.#ask(request, signal);
    });
  }

  async #upload(blob: LocalBlob, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    let upload: Upload | undefined;
    let offset = 0;
    let furthest = 0;
    let failures = 0;
    let broken = false;
    let piece = Number.POSITIVE_INFINITY;
    try {
      for (;;) {
        try {
          if (broken && upload !== undefined) {
            const at = await this.#status(upload, signal);
            upload = at?.upload;
            // The answer to the last step may be all that was lost.
            if (upload === undefined && (await this.has(blob.digest, signal))) return;
            offset = at?.offset ?? 0;
            if (offset > furthest) failures = 0;
            furthest = Math.max(furthest, offset);
          }
          broken = false;
          if (upload === undefined) offset = 0;
          upload ??= uploadOf(await this.#post('', signal));
          while (offset < blob.size) {
            const end = Math.min(blob.size, offset + Math.max(piece, upload.minimum));
            [upload, offset] = await this.#patch(upload, blob, offset, end, onProgress, signal);
          }
          await this.#commit(upload, blob.digest, signal);
          upload = undefined;
          return;
        } catch (error) {
          signal.throwIfAborted();
          broken = true;
          const status = error instanceof RegistryAnswer ? error.status : undefined;
          if (status === 413 && piece > PIECE) {
            piece = PIECE;
            continue;
          }
          failures++;
          const lost = status === 404 || status === 416;
          const passing = lost ? new RegistryTransportError('the registry lost the upload', error) : error;
          const wait = waitBefore(passing, failures, this.#retry);
          if (wait === undefined) throw error;
          await this.#retry.sleep(wait, signal);
        }
      }
    } finally {
      if (upload !== undefined) await this.#cancel(upload);
    }
  }

  /** Sends a part. @returns where to go on */
  async #patch(
    { location, minimum }: Upload,
    blob: LocalBlob,
    offset: number,
    end: number,
    onProgress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<[Upload, number]> {
    const whole = offset === 0 && end === blob.size;
    const answer = await this.#ask(
      {
        method: 'PATCH',
        target: location,
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(end - offset),
          ...(whole ? {} : { 'content-range': `${offset}-${end - 1}` }),
        },
        body: () => counted(blob.read(offset, end), offset, onProgress),
        idleMs: SLOW_ANSWER_MS,
        expects: [202],
      },
      signal,
    );
    // Less than was sent: it wants the rest again.
    const received = receivedBy(answer);
    return [{ ...uploadOf(answer, location), minimum }, received > offset ? Math.min(received, end) : end];
  }

  async #commit({ location }: Upload, digest: string, signal: AbortSignal): Promise<void> {
    // By hand: what the registry put into the query stays as it was written.
    const target = new URL(location);
    target.search += `${target.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
    const headers = { 'content-length': '0' };
    const request = { method: 'PUT', target, headers, idleMs: SLOW_ANSWER_MS, expects: [201, 204] } as const;
    await this.#ask(request, signal);
  }

  /** How far the registry has got; undefined if it knows nothing of the upload any more. */
  async #status({ location, minimum }: Upload, signal: AbortSignal) {
    try {
      const answer = await this.#ask({ target: location, expects: [200, 204] }, signal);
      return { upload: { ...uploadOf(answer, location), minimum }, offset: receivedBy(answer) };
    } catch (error) {
      if (error instanceof RegistryAnswer && !isTransient(error)) return undefined;
      throw error;
    }
  }

  /** The registry throws unfinished uploads away by itself, too: this one is asked to do it now, and not waited for long. */
  async #cancel({ location }: Upload): Promise<void> {
    const request = { method: 'DELETE', target: location, expects: [200, 202, 204] } as const;
    await this.#ask(request, AbortSignal.timeout(CANCEL_MS)).catch(() => undefined);
  }

  async #ask(
    request: Parameters<RegistrySession['request']>[0],
    signal: AbortSignal,
  ): Promise<SessionAnswer> {
    const answer = await this.#session.request(request, signal);
    await readBody(answer.response, MAX_ANSWER);
    return answer;
  }
}

/** @throws RegistryTransportError for an answer that doesn't say where to go on */
function uploadOf({ response, url }: SessionAnswer, before?: URL): Upload {
  const { location } = response.headers;
  const minimum = Number(response.headers['oci-chunk-min-length'] ?? 0);
  if (location !== undefined && URL.canParse(location, url))
    return { location: new URL(location, url), minimum: Number.isSafeInteger(minimum) ? minimum : 0 };
  if (before === undefined) throw new RegistryTransportError('the registry does not say where to upload to');
  return { location: before, minimum: 0 };
}

/** `Range: 0-N`, N inclusive; `0-0` stands for nothing as well. */
function receivedBy({ response }: SessionAnswer): number {
  const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1] ?? 0);
  return last === 0 ? 0 : last + 1;
}

async function* counted(
  bytes: AsyncIterable<Buffer>,
  from: number,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let sent = from;
  for await (const chunk of bytes) {
    yield chunk;
    sent += chunk.length;
    onProgress(sent);
  }
}
