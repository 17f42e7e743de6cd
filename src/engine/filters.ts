import * as z from 'zod';
import { invalid } from './errors.ts';

/**
 * The `filters` query parameter of the Engine API: JSON, `{"key":{"value":true}}` or `{"key":["value"]}`. Values of
 * one key are alternatives, keys have to hold together.
 */
export type Filters = ReadonlyMap<string, readonly string[]>;

const shape = z.record(z.string(), z.union([z.array(z.string()), z.record(z.string(), z.boolean())]));

/**
 * @param accepted the keys that this route knows
 * @throws EngineError invalidParameter for anything else
 */
export function parseFilters(text: string | null, accepted: readonly string[]): Filters {
  if (text === null || text === '') return new Map();
  let parsed: z.infer<typeof shape>;
  try {
    parsed = shape.parse(JSON.parse(text));
  } catch (error) {
    throw invalid(`invalid filters: ${text}`, error);
  }
  const filters = new Map<string, readonly string[]>();
  for (const [key, values] of Object.entries(parsed)) {
    if (!accepted.includes(key)) throw invalid(`invalid filter '${key}'`);
    const list = Array.isArray(values)
      ? values
      : Object.keys(values).filter((value) => values[value] === true);
    if (list.length > 0) filters.set(key, list);
  }
  return filters;
}

/** Whether a key's values let something through: no values, or one of them matches. */
export function allows(filters: Filters, key: string, matches: (value: string) => boolean): boolean {
  const values = filters.get(key);
  return values === undefined || values.some(matches);
}

/**
 * Whether labels fit the filters `label` (all of its values hold) and `label!` (not all of them do). A value is `key` or
 * `key=value` (moby daemon/prune.go, matchLabels).
 */
export function fitsLabels(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const without = filters.get('label!');
  return (
    (filters.get('label') ?? []).every((wanted) => hasLabel(labels, wanted)) &&
    (without === undefined || !without.every((unwanted) => hasLabel(labels, unwanted)))
  );
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals < 0) return Object.hasOwn(labels, wanted);
  const key = wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && labels[key] === wanted.slice(equals + 1);
}
