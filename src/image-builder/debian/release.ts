import { WherryError } from '../../core/errors.ts';
import { parseStanza } from './deb822.ts';

/** The parts of a Release file that are used (Debian wiki, RepositoryFormat). */
export interface Release {
  suite: string | undefined;
  codename: string | undefined;
  /** Of a stable release: `13.7`. */
  version: string | undefined;
  date: Date;
  validUntil: Date | undefined;
  /** Index files may be fetched as `by-hash/SHA256/<digest>`, which no mirror update can tear. */
  byHash: boolean;
  components: readonly string[];
  architectures: readonly string[];
  /** By path below the Release file. Sizes in bytes, digests lower-case hex. */
  files: ReadonlyMap<string, { sha256: string; size: number }>;
}

/** Parses the signed text of an InRelease file. `name` is for messages. */
export function parseRelease(text: string, name: string): Release {
  const fields = parseStanza(text);
  const date = parseDate(fields.get('date'));
  if (date === undefined) throw badRelease(name, 'it has no Date that can be read');
  const validText = fields.get('valid-until');
  const validUntil = parseDate(validText);
  if (validText !== undefined && validUntil === undefined)
    throw badRelease(name, `its Valid-Until is not a date: ${validText}`);

  const files = new Map<string, { sha256: string; size: number }>();
  for (const line of (fields.get('sha256') ?? '').split('\n')) {
    const [sha256, size, path] = line.trim().split(/\s+/);
    if (sha256 === undefined || size === undefined || path === undefined) continue;
    if (!/^[0-9a-f]{64}$/.test(sha256) || !/^\d+$/.test(size))
      throw badRelease(name, `its SHA256 list has the line ${line}`);
    files.set(path, { sha256, size: Number(size) });
  }
  return {
    suite: fields.get('suite'),
    codename: fields.get('codename'),
    version: fields.get('version'),
    date,
    validUntil,
    byHash: fields.get('acquire-by-hash') === 'yes',
    components: words(fields.get('components')),
    architectures: words(fields.get('architectures')),
    files,
  };
}

function words(field: string | undefined): string[] {
  return (field ?? '').split(/\s+/).filter((word) => word !== '');
}

/** Dates are RFC 2822 in UTC, as `date -R -u` writes them. */
function parseDate(text: string | undefined): Date | undefined {
  if (text === undefined || !/(?:UTC|GMT|[+-]0000)$/.test(text)) return undefined;
  const milliseconds = Date.parse(text.replace(/ UTC$/, ' GMT'));
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds);
}

export function badRelease(name: string, why: string): WherryError {
  return new WherryError({ code: 'RELEASE_INVALID', message: `${name} cannot be used: ${why}` });
}
