import { EngineError, invalid } from '../../errors.ts';
import { parseFilters } from '../../filters.ts';
import type { Credentials } from '../../images/registry/credentials.ts';
import type { SearchResult } from '../../images/registry/search.ts';
import type { ApiRequest, ApiResponse, Route } from '../route.ts';
import { credentialsIn } from './auth.ts';
import { parseBoolean } from './filters.ts';

export type ImageSearch = (
  request: { readonly term: string; readonly limit: number; readonly credentials: Credentials },
  signal: AbortSignal,
) => Promise<SearchResult[]>;

/** moby's `DefaultSearchLimit`. */
const DEFAULT_LIMIT = 25;

/** Docker Engine API v1.51, `GET /images/search`; filters as moby's registry/search.go. */
export function searchRoute(search: ImageSearch): Route {
  return {
    method: 'GET',
    path: '/images/search',
    handle: async (request, response) => await answer(search, request, response),
  };
}

async function answer(search: ImageSearch, request: ApiRequest, response: ApiResponse): Promise<void> {
  const { query } = request;
  const filters = parseFilters(query.get('filters'), ['is-automated', 'is-official', 'stars']);
  const automated = parseBoolean(filters.get('is-automated')?.[0], 'is-automated');
  const official = parseBoolean(filters.get('is-official')?.[0], 'is-official');
  const stars = Math.max(0, ...(filters.get('stars') ?? []).map(starsOf));
  const limit = query.get('limit') || String(DEFAULT_LIMIT);
  if (!/^-?\d{1,9}$/.test(limit)) throw invalid(`invalid limit specified: ${limit}`);
  const term = query.get('term') ?? '';
  const wanted = { term, limit: Number(limit), credentials: credentialsOf(request) };
  // The field is gone from registries: moby knows of nothing that is automated, either.
  const found = automated === true ? [] : await search(wanted, request.signal);
  response.json(
    200,
    found.filter(
      (one) => (official === undefined || one.is_official === official) && one.star_count >= stars,
    ),
  );
}

/** What can't be read is no reason not to search: moby goes without it, too. */
function credentialsOf(request: ApiRequest): Credentials {
  try {
    return credentialsIn(request);
  } catch (error) {
    if (error instanceof EngineError) return {};
    throw error;
  }
}

function starsOf(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw invalid(`invalid filter 'stars=[${text}]'`);
  return Number(text);
}
