import { rfc3339Local } from '../../core/local-time.ts';
import { humanDuration, humanSize } from '../../core/units.ts';
import { ellipsis } from './ellipsis.ts';
import type { ListFormat } from './format.ts';

/** An item of `GET /images/{name}/history`. */
export interface HistoryItem {
  readonly Id: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Comment: string;
}

export interface HistoryOptions {
  readonly truncate: boolean;
  readonly human: boolean;
  readonly now: Date;
}

/** docker's columns; without `human` the date stands in the age's place. */
export function historyList(human: boolean): ListFormat {
  return {
    table: `{{.ID}}\t{{.${human ? 'CreatedSince' : 'CreatedAt'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
    headings: { ID: 'IMAGE', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT', CreatedBy: 'CREATED BY' },
  };
}

const ELLIPSIS_AT = 45;
/** Before this, 2000-01-01, docker shows no age: such dates are made up for reproducible builds. */
const EPOCH = Date.UTC(2000, 0, 1) / 1000;

export function historyRows(
  items: readonly HistoryItem[],
  { truncate, human, now }: HistoryOptions,
): Record<string, unknown>[] {
  return items.map((item) => {
    const createdAt = rfc3339Local(item.Created * 1e9).replace(/\.0+/, '');
    const age = item.Created <= EPOCH ? '' : `${humanDuration(now.getTime() / 1000 - item.Created)} ago`;
    const createdBy = item.CreatedBy.replaceAll('\t', ' ');
    return {
      ID: truncate ? item.Id.replace(/^sha256:/, '').slice(0, 12) : item.Id,
      CreatedAt: createdAt,
      CreatedSince: human ? age : createdAt,
      CreatedBy: truncate ? ellipsis(createdBy, ELLIPSIS_AT) : createdBy,
      Size: human ? humanSize(item.Size, 3) : String(item.Size),
      Comment: item.Comment,
    };
  });
}
