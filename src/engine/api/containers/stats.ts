import { setTimeout as delay } from 'node:timers/promises';
import type { ContainersContext } from '../../containers/context.ts';
import type { ContainerEntry } from '../../containers/registry.ts';
import { sampleStats } from '../../containers/stats/sample.ts';
import { invalid } from '../../errors.ts';
import { flagOf } from '../query.ts';
import type { ApiRequest, ApiResponse, Route } from '../route.ts';

const INTERVAL_MS = 1000;

/**
 * `GET /containers/{id}/stats`: a sample a second for as long as the client stays and the container exists. With
 * `stream=false` one sample, a second after the one that it is compared with; with `one-shot` too, that one at once.
 */
export function statsHandler(context: ContainersContext): Route['handle'] {
  return async (request, response) => {
    const oneShot = flagOf(request.query, 'one-shot');
    const stream = !request.query.has('stream') || flagOf(request.query, 'stream');
    if (stream && oneShot) throw invalid('cannot have stream=true and one-shot=true');
    const entry = context.registry.find(request.params['id'] ?? '');
    if (stream) await streamSamples(context, entry, request, response);
    else await oneSample(context, entry, request, response, oneShot);
  };
}

async function oneSample(
  context: ContainersContext,
  entry: ContainerEntry,
  request: ApiRequest,
  response: ApiResponse,
  oneShot: boolean,
): Promise<void> {
  const first = sampleStats(context, entry);
  if (oneShot || entry.state.status !== 'running') return response.json(200, first);
  if (!(await pause(request.signal))) return;
  response.json(200, sampleStats(context, entry, first));
}

async function streamSamples(
  context: ContainersContext,
  entry: ContainerEntry,
  request: ApiRequest,
  response: ApiResponse,
): Promise<void> {
  const stream = response.stream(200, 'application/json');
  let last = sampleStats(context, entry);
  stream.write(`${JSON.stringify(last)}\n`);
  while ((await pause(request.signal)) && isThere(context, entry)) {
    last = sampleStats(context, entry, last);
    // A client that doesn't read misses samples: they would only be old when it gets to them.
    if (!stream.writableNeedDrain) stream.write(`${JSON.stringify(last)}\n`);
  }
  stream.end();
}

const isThere = (context: ContainersContext, entry: ContainerEntry): boolean =>
  context.registry.byId(entry.id) === entry;

/** A second. @returns false once the client has gone */
async function pause(signal: AbortSignal): Promise<boolean> {
  try {
    await delay(INTERVAL_MS, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
