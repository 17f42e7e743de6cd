import * as z from 'zod';
import { invalid } from '../../errors.ts';
import { normalizePlatform, parsePlatform } from '../../images/platform.ts';
import type { Platform } from '../../images/platform.ts';

const platform = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});

/**
 * The `platform` of `/images/load`, `/images/get`, `/images/{name}/json` and their like: an OCI platform as JSON
 * (`{"os": "linux", …}`, since API v1.48); written as text it is taken too. @throws EngineError invalidParameter
 */
export function platformOfQuery(query: URLSearchParams): Platform | undefined {
  const values = query.getAll('platform').filter((value) => value !== '');
  const [text] = values;
  if (text === undefined) return undefined;
  if (values.length > 1) throw invalid('multiple platform parameters not supported');
  if (!text.startsWith('{')) return parsePlatform(text);
  try {
    return normalizePlatform(platform.parse(JSON.parse(text)));
  } catch (error) {
    throw invalid(`failed to parse platform: ${text}`, error);
  }
}
