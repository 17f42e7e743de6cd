/** How Go's fmt prints a value with %v, for the values that JSON can hold. */
export function goString(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(goString).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, inner]) => `${key}:${goString(inner)}`).join(' ')}]`;
  }
  return JSON.stringify(value);
}

/** Go's truth: false, 0, nil, and empty strings, arrays and maps are false. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}

/** fmt.Sprintf for %s %d %v %q %t %f %x %%, with width, precision, `-` and `0`. */
export function sprintf(format: string, ...values: unknown[]): string {
  let next = 0;
  return format.replace(
    /%([-0]*)(\d*)(?:\.(\d+))?([sdvqtfx%])/g,
    (_, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const text = formatVerb(verb, values[next++], precision === undefined ? undefined : Number(precision));
      const size = Number(width || 0);
      if (flags.includes('-')) return text.padEnd(size);
      return text.padStart(size, flags.includes('0') ? '0' : ' ');
    },
  );
}

function formatVerb(verb: string, value: unknown, precision: number | undefined): string {
  if (verb === 'q') return JSON.stringify(goString(value));
  if (verb === 'f') return Number(value).toFixed(precision ?? 6);
  if (verb === 'x') {
    return typeof value === 'number' ? value.toString(16) : Buffer.from(goString(value)).toString('hex');
  }
  const text = goString(value);
  return verb === 's' && precision !== undefined ? text.slice(0, precision) : text;
}
