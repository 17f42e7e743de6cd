import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { EngineError } from '../../errors.ts';
import { MANIFEST_ACCEPT, MAX_DOCUMENT, parseManifest } from '../manifest.ts';
import type { Descriptor, ManifestDocument } from '../manifest.ts';
import { isTag } from '../reference.ts';
import { readBody } from './body.ts';
import { nextLink } from './link.ts';
import { RegistryAnswer, RegistryTransportError, RegistryUnreachable } from './errors.ts';
import { readRateLimit } from './rate-limit.ts';
import type { RateLimit } from './rate-limit.ts';
import { isTransient, waitBefore, withRetry } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { RegistrySession } from './session.ts';

const tagList = z.object({ tags: z.array(z.string().refine(isTag)).nullish() });
const MAX_TAG_PAGES = 1000;
const MAX_TAGS = 100_000;
/** A connection that brought at least so many bytes wasn't in vain: the attempts are counted anew. */
const PROGRESS = 64 * 1024;

export interface FetchedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly document: ManifestDocument;
  /** What the registry said of its limits. */
  readonly rateLimit: RateLimit | undefined;
}

/** One repository's manifests and blobs (OCI distribution-spec v1.1, "Pull"). Everything by digest is verified. */
export class RegistryClient {
  readonly #session: RegistrySession;
  readonly #retry: RetryPolicy;

  constructor(session: RegistrySession, retry: RetryPolicy) {
    this.#session = session;
    this.#retry = retry;
  }

  get answered(): boolean {
    return this.#session.answered;
  }

  /** @param reference a tag or a digest. @throws RegistryAnswer, RegistryUnreachable, EngineError */
  async manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest> {
    const { bytes, mediaType, rateLimit } = await withRetry(this.#retry, signal, async () => {
      const response = await this.#session.get(`manifests/${reference}`, { accept: MANIFEST_ACCEPT }, signal);
      return {
        bytes: await readBody(response, MAX_DOCUMENT, `the manifest "${reference}"`),
        mediaType: response.headers['content-type'] ?? '',
        rateLimit: readRateLimit(response.headers),
      };
    });
    const digest = digestOf(bytes);
    if (reference.includes(':') && reference !== digest) {
      throw new EngineError('system', `manifest verification failed for digest ${reference}`);
    }
    const document = parseManifest(bytes, mediaType === '' ? undefined : mediaType);
    return { digest, bytes, document, rateLimit, mediaType: mediaType.split(';')[0]?.trim() ?? '' };
  }

  /** All tags, page by page (OCI distribution-spec v1.1, "Listing Tags"). @throws as {@link manifest} */
  async tags(signal: AbortSignal): Promise<string[]> {
    const tags: string[] = [];
    const seen = new Set<string>();
    let target: string | URL | undefined = 'tags/list';
    for (let pages = 0; target !== undefined; pages++) {
      if (pages === MAX_TAG_PAGES) throw new EngineError('system', 'the registry lists tags without an end');
      const page = await this.#tagPage(target, signal);
      if (tags.length + page.tags.length > MAX_TAGS) {
        throw new EngineError('system', `the registry lists more than ${MAX_TAGS} tags`);
      }
      for (const tag of page.tags) tags.push(tag);
      if (page.next !== undefined && seen.has(page.next.href))
        throw new EngineError('system', 'the registry lists tags without an end');
      if (page.next !== undefined) seen.add(page.next.href);
      target = page.next;
    }
    return tags;
  }

  async #tagPage(target: string | URL, signal: AbortSignal) {
    const { answer, body } = await withRetry(this.#retry, signal, async () => {
      const answer = await this.#session.request({ target, expects: [200] }, signal);
      return { answer, body: await readBody(answer.response, MAX_DOCUMENT, 'the list of tags') };
    });
    const parsed = tagList.safeParse(parseJson(body));
    if (!parsed.success) throw new EngineError('system', 'the registry lists tags in an unknown form');
    const link = nextLink(String(answer.response.headers['link'] ?? ''));
    const next = link !== undefined && URL.canParse(link, answer.url) ? new URL(link, answer.url) : undefined;
    return { tags: parsed.data.tags ?? [], next };
  }

  /** A small blob (an image config), read into memory. */
  async document(descriptor: Descriptor, signal: AbortSignal): Promise<Buffer> {
    if (descriptor.size > MAX_DOCUMENT) {
      throw new EngineError(
        'system',
        `image config ${descriptor.digest} is larger than ${MAX_DOCUMENT} bytes`,
      );
    }
    const bytes = await withRetry(this.#retry, signal, async () => {
      const response = await this.#session.get(`blobs/${descriptor.digest}`, {}, signal);
      return await readBody(response, descriptor.size, `image config ${descriptor.digest}`);
    });
    if (bytes.length !== descriptor.size) {
      throw new EngineError(
        'system',
        `image config verification failed for digest ${descriptor.digest}: size is ${bytes.length}, expected ${descriptor.size}`,
      );
    }
    if (digestOf(bytes) !== descriptor.digest) {
      throw new EngineError('system', `image config verification failed for digest ${descriptor.digest}`);
    }
    return bytes;
  }

  /**
   * A layer's bytes. A connection that breaks is made again and asked for the rest by `Range`; an answer from the
   * start is taken too, and what was given out already is passed over. Never more than the descriptor's size is given
   * out. Whoever reads verifies the digest.
   *
   * @param from bytes that are here from before, and aren't given out
   * @throws EngineError system when the registry announces another size than the manifest, or sends more
   */
  async *blob(
    descriptor: Descriptor,
    signal: AbortSignal,
    onProgress: (bytes: number) => void,
    from = 0,
  ): AsyncGenerator<Buffer> {
    let offset = from;
    let failures = 0;
    while (offset < descriptor.size) {
      let problem: unknown = new RegistryTransportError('the connection ended before the layer did');
      const before = offset;
      const attempt = await this.#open(descriptor, offset, signal).catch((error: unknown) => ({ error }));
      if ('error' in attempt) {
        problem = attempt.error;
      } else {
        let skip = attempt.skip;
        const chunks = readable(attempt.response, signal);
        for await (const chunk of chunks.stream) {
          const fresh = chunk.subarray(Math.min(skip, chunk.length));
          skip -= chunk.length - fresh.length;
          if (fresh.length === 0) continue;
          offset += fresh.length;
          if (offset > descriptor.size) throw tooLong(descriptor);
          onProgress(offset);
          yield fresh;
        }
        problem = chunks.error() ?? problem;
      }
      if (offset >= descriptor.size) return;
      // Byte by byte, one a connection, a layer would never end.
      failures = offset - before >= PROGRESS ? 1 : failures + 1;
      // As with everything else: what was never reached is not waited for.
      const unreached = problem instanceof RegistryUnreachable && !this.answered;
      const wait = unreached ? undefined : waitBefore(problem, failures, this.#retry);
      if (wait === undefined) throw layerProblem(descriptor, problem);
      await this.#retry.sleep(wait, signal);
    }
  }

  async #open(
    descriptor: Descriptor,
    offset: number,
    signal: AbortSignal,
  ): Promise<{ response: IncomingMessage; skip: number }> {
    const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const response = await this.#session.get(`blobs/${descriptor.digest}`, headers, signal);
    const partial = response.statusCode === 206;
    const start = partial ? /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1] : '0';
    const length = response.headers['content-length'];
    const expected = descriptor.size - Number(start ?? Number.NaN);
    if (
      start === undefined ||
      Number(start) > offset ||
      (length !== undefined && Number(length) !== expected)
    ) {
      response.destroy();
      const announced = length === undefined ? 'another range' : `${length} bytes`;
      throw new EngineError(
        'system',
        `filesystem layer verification failed for digest ${descriptor.digest}: the registry sends ${announced}, expected ${expected}`,
      );
    }
    return { response, skip: offset - Number(start) };
  }
}

const tooLong = ({ digest, size }: Descriptor): EngineError =>
  new EngineError(
    'system',
    `filesystem layer verification failed for digest ${digest}: size is more than ${size}, expected ${size}`,
  );

/** Names the layer, where the error doesn't say enough as it is. */
function layerProblem({ digest }: Descriptor, problem: unknown): unknown {
  const answered = problem instanceof RegistryAnswer && ![401, 403, 429].includes(problem.status);
  if (!answered && !(problem instanceof RegistryTransportError)) return problem;
  return new EngineError('system', `layer ${digest} can't be downloaded: ${problem.message}`, problem);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined; // no schema takes it
  }
}

/** The body's chunks; how it ended is told afterwards, so that errors of the reader are not taken for the network's. */
function readable(response: IncomingMessage, signal: AbortSignal) {
  let failure: unknown;
  async function* stream(): AsyncGenerator<Buffer> {
    const iterator = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await iterator.next().catch((error: unknown) => {
          failure = new RegistryTransportError(`the connection broke: ${(error as Error).message}`, error);
          return undefined;
        });
        if (step === undefined || step.done === true) break;
        yield step.value;
      }
      signal.throwIfAborted();
    } finally {
      response.destroy();
    }
  }
  return { stream: stream(), error: () => failure };
}

export const digestOf = (bytes: Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Whether the next endpoint may be asked: this one can't be reached, hasn't got it, or isn't well. */
export const mayTryNext = (error: unknown): boolean =>
  error instanceof RegistryAnswer || error instanceof RegistryUnreachable || isTransient(error);
