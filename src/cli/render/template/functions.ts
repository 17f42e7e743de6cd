import { goString, isTrue, sprintf } from './values.ts';

export type TemplateFunction = (...args: unknown[]) => unknown;

/** Go's json.Marshal escapes these, so that the text can stand in HTML; docker's `json` and `{{json .}}` turn that off. */
const toJson = (value: unknown): string => JSON.stringify(value ?? null);

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [goString(a), goString(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function index(container: unknown, ...keys: unknown[]): unknown {
  return keys.reduce((value: unknown, key) => {
    if (Array.isArray(value)) {
      const position = Number(key);
      if (position < 0 || position >= value.length) throw new RangeError(`index out of range: ${position}`);
      return value[position] as unknown;
    }
    if (typeof value === 'object' && value !== null)
      return (value as Record<string, unknown>)[String(key)] ?? '';
    throw new TypeError(`can't index item of type ${value === null ? 'nil' : typeof value}`);
  }, container);
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new TypeError(`len of type ${typeof value}`);
}

/** Go's built-in functions and docker's own (docker CLI reference, "Format command and log output"). */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  and: (...args) => args.find((value) => !isTrue(value)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  not: (value) => !isTrue(value),
  eq: (first, ...rest) => rest.some((value) => compare(first, value) === 0),
  ne: (a, b) => compare(a, b) !== 0,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: length,
  index,
  slice: (value, from, to) =>
    (value as string | unknown[]).slice(Number(from ?? 0), to as number | undefined),
  print: (...args) => args.map(goString).join(''),
  println: (...args) => `${args.map(goString).join(' ')}\n`,
  printf: (format, ...args) => sprintf(String(format), ...args),
  json: toJson,
  prettyjson: (value) => JSON.stringify(value ?? null, null, 4),
  join: (values, separator) => (Array.isArray(values) ? values.map(goString).join(String(separator)) : ''),
  split: (text, separator) => goString(text).split(String(separator)),
  lower: (text) => goString(text).toLowerCase(),
  upper: (text) => goString(text).toUpperCase(),
  title: (text) => goString(text).replace(/(^|\s)\S/g, (letter) => letter.toUpperCase()),
  pad: (text, before, after) => ' '.repeat(Number(before)) + goString(text) + ' '.repeat(Number(after)),
  truncate: (text, size) => goString(text).slice(0, Number(size)),
};
