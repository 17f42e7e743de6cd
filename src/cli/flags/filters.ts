import { WherryError } from '../../core/errors.ts';

/** `--filter key=value …` as the API's JSON: `{"key": {"value": true}}`; undefined without filters. */
export function filtersQuery(filters: readonly string[] | undefined): string | undefined {
  if (filters === undefined || filters.length === 0) return undefined;
  const result: Record<string, Record<string, boolean>> = {};
  for (const filter of filters) {
    const equals = filter.indexOf('=');
    if (equals <= 0) {
      throw new WherryError({
        code: 'USAGE',
        message: `invalid argument "${filter}" for "-f, --filter" flag: invalid filter '${filter}' (should be key=value)`,
        bare: true,
      });
    }
    (result[filter.slice(0, equals).trim().toLowerCase()] ??= {})[filter.slice(equals + 1).trim()] = true;
  }
  return JSON.stringify(result);
}
