import { parseDuration } from '../core/duration.ts';
import { invalid } from './errors.ts';
import type { Filters } from './filters.ts';

/**
 * The filter `until` of the prune routes: what was made before that goes. A duration before now (`24h`), seconds since
 * the epoch, or a date (moby daemon/prune.go).
 *
 * @returns milliseconds since the epoch, or undefined without the filter
 * @throws EngineError invalidParameter
 */
export function untilOf(filters: Filters, now: number = Date.now()): number | undefined {
  const [text, ...more] = filters.get('until') ?? [];
  if (text === undefined) return undefined;
  if (more.length > 0) throw invalid('more than one until filter specified');
  const duration = parseDuration(text);
  // A bare 0 is a duration too: now.
  if (duration !== undefined) return now - duration / 1e6;
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(time)) throw invalid(`failed to parse value for 'until' filter: ${text}`);
  return time;
}
