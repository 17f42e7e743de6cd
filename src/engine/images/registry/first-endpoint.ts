import { StorageError } from '../layer/disk-guard.ts';
import { RegistryClient, mayTryNext } from './client.ts';
import type { Credentials } from './credentials.ts';
import { endpointsOf } from './endpoints.ts';
import type { RegistrySettings } from './endpoints.ts';
import { RegistryAnswer, RegistryUnreachable } from './errors.ts';
import type { RetryPolicy } from './retry.ts';
import { RegistrySession } from './session.ts';
import type { Transport } from './transport.ts';

const MIRROR_ATTEMPTS = 2;

/** What failed at every endpoint; `answered`: one of them did answer, so the registry was not out of reach. */
export class EndpointsError extends Error {
  readonly answered: boolean;

  constructor(cause: unknown, answered: boolean) {
    super((cause as Error).message, { cause });
    this.name = 'EndpointsError';
    this.answered = answered;
  }
}

export interface RegistryContext {
  readonly transport: Transport;
  readonly settings: RegistrySettings;
  readonly retry: RetryPolicy;
}

export interface Repository {
  readonly domain: string;
  /** `library/busybox`. */
  readonly path: string;
  /** For the registry; its mirrors never see them. */
  readonly credentials: Credentials;
}

/**
 * Does something at the first of a repository's endpoints (mirrors, then the registry) at which it succeeds.
 *
 * @throws EndpointsError around the error of the last endpoint, or the signal's reason
 */
export async function atFirstEndpoint<T>(
  context: RegistryContext,
  { domain, path, credentials }: Repository,
  work: (client: RegistryClient) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let answered = false;
  let last: unknown;
  for (const endpoint of endpointsOf(domain, context.settings)) {
    const { transport, settings, retry } = context;
    const session = new RegistrySession({ transport, endpoint, settings, credentials, repository: path });
    // The registry itself stands behind a mirror: it isn't waited for long.
    const attempts = endpoint.mirror ? Math.min(retry.attempts, MIRROR_ATTEMPTS) : retry.attempts;
    const client = new RegistryClient(session, { ...retry, attempts });
    try {
      return await work(client);
    } catch (error) {
      signal.throwIfAborted();
      // A mirror may claim a layer that no disk takes; where the disk is full, it is for the registry as well.
      if (error instanceof StorageError && !endpoint.mirror) throw new EndpointsError(error, true);
      // Where the registry itself is out of reach, what was wrong at its mirror says more.
      const quieter = error instanceof RegistryUnreachable && answered && !(last instanceof RegistryAnswer);
      if (!quieter) last = error;
      answered ||= client.answered;
      // A mirror that lies (a wrong digest) must not keep anyone from the registry itself.
      if (!endpoint.mirror && !mayTryNext(error)) break;
    }
  }
  throw new EndpointsError(last, answered);
}
