import { invalid } from '../../errors.ts';

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
 * Docker's `filters`: `{"status":{"running":true}}`, or with lists as before API 1.22: `{"status":["running"]}`.
 *
 * @throws EngineError invalidParameter
 */
export function filtersOf(query: URLSearchParams): Map<string, string[]> {
  const text = query.get('filters');
  const filters = new Map<string, string[]>();
  if (text === null || text === '') return filters;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid('invalid filters: not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('invalid filters');
  for (const [key, wanted] of Object.entries(value)) {
    if (Array.isArray(wanted)) filters.set(key, wanted.map(String));
    else if (typeof wanted === 'object' && wanted !== null) {
      filters.set(
        key,
        Object.entries(wanted)
          .filter(([, on]) => on !== false)
          .map(([name]) => name),
      );
    } else throw invalid('invalid filters');
  }
  return filters;
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
