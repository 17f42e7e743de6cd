import { invalid } from '../errors.ts';

/** Go's strconv.ParseBool as Docker's API applies it: absent, empty, 0, false, no and none are false. */
export function flagOf(query: URLSearchParams, key: string): boolean {
  const value = (query.get(key) ?? '').trim().toLowerCase();
  return !['', '0', 'no', 'false', 'none'].includes(value);
}

/** A whole number, or `fallback` where it is absent. @throws EngineError invalidParameter */
export function integerOf<T>(query: URLSearchParams, key: string, fallback: T): number | T {
  const text = query.get(key);
  if (text === null || text === '') return fallback;
  if (!/^-?\d{1,15}$/.test(text)) throw invalid(`invalid value "${text}" for ${key}`);
  return Number(text);
}

/**
 * A point in time as `logs` takes it: seconds since the epoch with an optional fraction, or RFC 3339; 0 and absent
 * mean none. Returns milliseconds. @throws EngineError invalidParameter
 */
export function timeOf(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key) ?? '';
  if (text === '' || text === '0') return undefined;
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(milliseconds)) throw invalid(`invalid value for "${key}": ${text}`);
  return milliseconds;
}
