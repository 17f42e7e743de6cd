import { messageOf, WherryError } from '../../core/errors.ts';
import type { MachineRow } from '../../machine/ls.ts';

const KEYS = ['swarm', 'driver', 'state', 'name', 'label'] as const;
type Key = (typeof KEYS)[number];

/**
 * docker-machine's `ls --filter`: OR within a key, AND across keys; `name` is a regular expression.
 * @throws WherryError USAGE in docker-machine's words
 */
export function filterMachines(rows: readonly MachineRow[], filters: readonly string[]): MachineRow[] {
  const wanted = new Map<Key, string[]>();
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals === -1) throw unsupported('Unsupported filter syntax.');
    const key = filter.slice(0, equals).toLowerCase();
    if (!isKey(key)) throw unsupported(`Unsupported filter key '${key}'`);
    const value = filter.slice(equals + 1);
    if (key === 'name') pattern(value);
    wanted.set(key, [...(wanted.get(key) ?? []), value]);
  }
  return rows.filter((row) =>
    [...wanted].every(([key, values]) => values.some((value) => MATCH[key](row, value))),
  );
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const MATCH: Readonly<Record<Key, (row: MachineRow, value: string) => boolean>> = {
  swarm: () => false,
  driver: (row, value) => same(row.driverName, value),
  state: (row, value) => same(row.state, value),
  name: (row, value) => pattern(value).test(row.name),
  // KEY=VALUE as it stands, case aside, as docker-machine has it; a KEY alone, whatever its value.
  label: (row, value) => row.labels.some((label) => same(label, value) || label.split('=', 1)[0] === value),
};

const isKey = (key: string): key is Key => (KEYS as readonly string[]).includes(key);

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new WherryError({
      code: 'USAGE',
      message: `--filter name=${text}: ${messageOf(error)}`,
      cause: error,
    });
  }
}

function unsupported(message: string): WherryError {
  return new WherryError({ code: 'USAGE', message, hint: `Keys: ${KEYS.join(', ')}`, bare: true });
}
