import { badLayer } from './header.ts';

/** What precedes an entry: a pax extended header (POSIX.1-2001) or GNU's long names. Text is latin1. */
export interface Extended {
  readonly path?: string | undefined;
  readonly linkPath?: string | undefined;
  readonly size?: number | undefined;
  readonly keys: readonly string[];
}

/** Reads the records `LENGTH KEY=VALUE\n` of a pax extended header. */
export function readPax(body: Buffer): Extended {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 ? '' : body.toString('latin1', at, space);
    const length = /^\d{1,10}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < digits.length + 3 || end > body.length || body[end - 1] !== 0x0a) {
      throw badLayer('a pax header is malformed');
    }
    const record = body.toString('latin1', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals === -1) throw badLayer('a pax header is malformed');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at = end;
  }
  const size = records.get('size');
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw badLayer('a pax header has a size that is none');
  return {
    path: records.get('path'),
    linkPath: records.get('linkpath'),
    size: size === undefined ? undefined : Number(size),
    keys: [...records.keys()],
  };
}
