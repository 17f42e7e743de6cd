import { WherryError } from '../../core/errors.ts';
import type { MachineRow } from '../../machine/ls.ts';

const KEYS = ['swarm', 'driver', 'state', 'name', 'label'] as const;
type Key = (typeof KEYS)[number];

export type FilteredRow = MachineRow & { readonly labels: readonly string[] };

/**
 * docker-machine's `ls --filter`: OR within a key, AND across keys; `name` is a regular expression.
 * @throws WherryError USAGE in docker-machine's words
 */
export function filterMachines(rows: readonly FilteredRow[], filters: readonly string[]): FilteredRow[] {
  const wanted = new Map<Key, string[]>();
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals === -1) throw unsupported('Unsupported filter syntax.');
    const key = filter.slice(0, equals).toLowerCase();
    if (!isKey(key)) throw unsupported(`Unsupported filter key '${key}'`);
    wanted.set(key, [...(wanted.get(key) ?? []), filter.slice(equals + 1)]);
  }
  return rows.filter((row) =>
    [...wanted].every(([key, values]) => values.some((value) => MATCH[key](row, value))),
  );
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const MATCH: Readonly<Record<Key, (row: FilteredRow, value: string) => boolean>> = {
  swarm: () => false,
  driver: (row, value) => same(row.driverName, value),
  state: (row, value) => same(row.state, value),
  name: (row, value) => new RegExp(value).test(row.name),
  label: (row, value) => row.labels.includes(value),
};

const isKey = (key: string): key is Key => (KEYS as readonly string[]).includes(key);

function unsupported(message: string): WherryError {
  return new WherryError({ code: 'USAGE', message, hint: `Keys: ${KEYS.join(', ')}`, bare: true });
}
