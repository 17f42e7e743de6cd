import type { FetchedPackage } from '../../../../src/image-builder/debian/archive.ts';
import { parseRecord } from '../../../../src/image-builder/debian/package-record.ts';

/** A stanza of a Packages file, with the blank line behind it. */
export function stanza(name: string, fields: Readonly<Record<string, string>>): string {
  const all = { Package: name, Version: '1', Architecture: 'amd64', ...fields };
  const where = { Filename: `pool/${name}.deb`, Size: '10', SHA256: 'a'.repeat(64) };
  return `${linesOf({ ...all, ...where })}\n`;
}

/** A control file. */
export function controlOf(name: string, fields: Readonly<Record<string, string>> = {}): string {
  const needed = { Maintainer: 'Nobody <nobody@example.org>', Description: 'a test' };
  return linesOf({ Package: name, Version: '1', Architecture: 'amd64', ...needed, ...fields });
}

/** A package that has been fetched to `path`. */
export function fetchedOf(
  name: string,
  path: string,
  fields: Readonly<Record<string, string>> = {},
): FetchedPackage {
  const record = parseRecord(stanza(name, fields), { suite: 'trixie', mirror: 'http://mirror.invalid' });
  return { record, path };
}

const linesOf = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
