import type { IncomingMessage } from 'node:http';
import { EngineError, invalid } from '../errors.ts';
import type { ApiRequest } from './route.ts';
import type { Match } from './router.ts';

/** JSON bodies of the Engine API are a few KiB; the bound keeps a client from filling the engine's memory. */
const JSON_LIMIT = 4 * 1024 * 1024;

/** The {@link ApiRequest} of a matched request. */
export function makeRequest(raw: IncomingMessage, match: Match, signal: AbortSignal): ApiRequest {
  let body: Promise<unknown> | undefined;
  return {
    raw,
    method: raw.method ?? '',
    params: match.params,
    query: match.query,
    version: match.version,
    signal,
    json: () => (body ??= readJson(raw)),
  };
}

async function readJson(raw: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > JSON_LIMIT) throw invalid(`request body over ${JSON_LIMIT} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw invalid('the connection ended before the request body did', error);
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid(`invalid JSON: ${(error as SyntaxError).message}`, error);
  }
}
