import { ellipsis } from './ellipsis.ts';
import type { ListFormat } from './format.ts';

/** An item of `GET /images/search`. */
export interface SearchItem {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
}

/** docker's columns. */
export const SEARCH_LIST: ListFormat = {
  table: '{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}',
  headings: { StarCount: 'STARS', IsOfficial: 'OFFICIAL', IsAutomated: 'AUTOMATED' },
};

const ELLIPSIS_AT = 45;

/** @param json `--format json` says true and false, the table `[OK]` or nothing */
export function searchRows(
  items: readonly SearchItem[],
  { truncate, json }: { readonly truncate: boolean; readonly json: boolean },
): Record<string, unknown>[] {
  const said = (value: boolean) => (json ? String(value) : value ? '[OK]' : '');
  return items.map((item) => ({
    Description: truncate ? ellipsis(item.description, ELLIPSIS_AT) : item.description,
    IsAutomated: said(false),
    IsOfficial: said(item.is_official),
    Name: item.name,
    StarCount: String(item.star_count),
  }));
}
