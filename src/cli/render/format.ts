import { alignColumns, DOCKER_TABLE, type TableStyle } from './table.ts';
import { compileTemplate, type TemplateOptions } from './template/execute.ts';

export interface ListFormat {
  /** The default `table …` template. */
  readonly table: string;
  /** Column headings by field name; a field without one gets its name in capitals. */
  readonly headings: Readonly<Record<string, string | ((...values: readonly unknown[]) => string)>>;
  readonly style?: TableStyle | undefined;
  /** What a field is that rows don't have; `<no value>` where left out. */
  readonly missing?: TemplateOptions['missing'] | undefined;
}

/**
 * Renders rows as docker's list commands do: the default table, `table TEMPLATE`, `json` (an object a line), or a
 * template a line.
 * @returns lines without their newlines
 */
export function renderList(
  rows: readonly Readonly<Record<string, unknown>>[],
  format: ListFormat,
  requested: string | undefined,
): string[] {
  const wanted =
    requested === undefined || requested === '' || requested === 'table'
      ? `table ${format.table}`
      : requested;
  if (wanted === 'json') return rows.map((row) => JSON.stringify(row));
  const isTable = wanted.startsWith('table');
  const template = isTable ? wanted.slice('table'.length).trimStart() : wanted;
  const render = compileTemplate(template, { missing: format.missing ?? 'no value' });
  const lines = rows.map((row) => render(row));
  if (!isTable) return lines;
  const headings = new Proxy<Record<string, unknown>>(
    {},
    {
      get: (_, name) => heading(format, String(name)),
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
      has: () => true,
    },
  );
  return alignColumns([render(headings), ...lines], format.style ?? DOCKER_TABLE);
}

function heading({ headings }: ListFormat, name: string): unknown {
  return Object.hasOwn(headings, name) ? headings[name] : name.toUpperCase();
}
