import * as z from 'zod';
import { EngineError, invalid } from '../../errors.ts';
import { printable } from '../printable.ts';
import { readBody } from './body.ts';
import type { Credentials } from './credentials.ts';
import { registryEndpoint } from './endpoints.ts';
import type { Endpoint, RegistrySettings } from './endpoints.ts';
import { RegistryAnswer } from './errors.ts';
import { RegistrySession } from './session.ts';
import type { Transport } from './transport.ts';

/** As the Engine API gives it (Docker Engine API v1.51, `GET /images/search`). */
export interface SearchResult {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  /** Nobody says so any more; moby answers false, too. */
  readonly is_automated: false;
  readonly description: string;
}

const HUB_HOST = 'index.docker.io';
const MAX_ANSWER = 4 * 1024 * 1024;
const MAX_LIMIT = 100;
const MAX_DESCRIPTION = 10_000;

const answer = z.object({
  results: z
    .array(
      z.object({
        name: z.string(),
        description: z.string().nullish(),
        star_count: z.number().nullish(),
        is_official: z.boolean().nullish(),
      }),
    )
    .nullish(),
});

/**
 * Asks a registry's search API, `/v1/search` (moby registry/search.go): Docker Hub's, or that of the host in the term.
 * Only registries that keep it have one.
 *
 * @param limit how many results are asked for, 1 to 100
 * @throws EngineError in the words of Docker
 */
export async function searchImages(
  context: { readonly transport: Transport; readonly settings: RegistrySettings },
  request: { readonly term: string; readonly limit: number; readonly credentials: Credentials },
  signal: AbortSignal,
): Promise<SearchResult[]> {
  const { term, limit, credentials } = request;
  if (/^https?:\/\//.test(term))
    throw invalid(`invalid repository name: repository name (${term}) should not have a scheme`);
  if (limit < 1 || limit > MAX_LIMIT)
    throw invalid(`limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
  const { endpoint, query } = searchTarget(term, context.settings);
  const session = new RegistrySession({ ...context, endpoint, credentials, api: 'v1', eager: true });
  const target = `search?${new URLSearchParams({ q: query, n: String(limit) }).toString()}`;
  let body: Buffer;
  try {
    const { response } = await session.request({ target, expects: [200] }, signal);
    body = await readBody(response, MAX_ANSWER, 'the answer to the search');
  } catch (error) {
    signal.throwIfAborted();
    throw searchFailure(error, endpoint);
  }
  return readResults(body, endpoint);
}

/** Where a term is searched for, and as what (moby registry/search.go, splitReposSearchTerm). */
export function searchTarget(
  term: string,
  settings: RegistrySettings,
): { readonly endpoint: Endpoint; readonly query: string } {
  const slash = term.indexOf('/');
  const first = slash === -1 ? '' : term.slice(0, slash);
  if (/[.:]/.test(first) || first === 'localhost') {
    const isHub = first === 'docker.io' || first === HUB_HOST;
    const query = term.slice(slash + 1);
    if (!isHub) return { endpoint: registryEndpoint(first, settings), query };
    return { endpoint: hub(), query: withoutLibrary(query) };
  }
  return { endpoint: hub(), query: withoutLibrary(term) };
}

const hub = (): Endpoint => ({ host: HUB_HOST, scheme: 'https', insecure: false, mirror: false });
const withoutLibrary = (name: string): string => name.replace(/^library\//, '');

function readResults(body: Buffer, { host }: Endpoint): SearchResult[] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new EngineError('system', `${host} answered the search with something else than JSON`, error);
  }
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw new EngineError('system', `${host} answered the search in an unknown form`);
  return (parsed.data.results ?? []).map(({ name, description, star_count, is_official }) => ({
    star_count: star_count ?? 0,
    is_official: is_official ?? false,
    name: printable(name),
    is_automated: false,
    description: printable((description ?? '').replaceAll(/[\r\n\t]/g, ' '), MAX_DESCRIPTION),
  }));
}

function searchFailure(error: unknown, { host }: Endpoint): EngineError {
  if (error instanceof EngineError) return error;
  if (error instanceof RegistryAnswer) {
    if (error.status === 429) return new EngineError('system', `toomanyrequests: ${error.message}`, error);
    const why = error.status === 404 ? `: ${host} has no search` : '';
    return new EngineError('system', `Unexpected status code ${error.status}${why}`, error);
  }
  return new EngineError('system', error instanceof Error ? error.message : String(error), error);
}
