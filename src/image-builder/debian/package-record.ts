import { WherryError } from '../../core/errors.ts';
import { parseStanza } from './deb822.ts';
import { parseRelationship } from './dependency.ts';
import type { Alternatives, Requirement } from './dependency.ts';

/** One version of one package in one suite. */
export interface PackageRecord {
  name: string;
  version: string;
  /** The architecture, or `all`. */
  architecture: string;
  multiArch: string | undefined;
  /** Pre-Depends, then Depends. */
  depends: readonly Alternatives[];
  conflicts: readonly Alternatives[];
  /** `constraint` is `= version` for a versioned Provides. */
  provides: readonly Requirement[];
  source: { name: string; version: string };
  maintainer: string | undefined;
  homepage: string | undefined;
  suite: string;
  /** Where the .deb is. */
  url: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

/** Reads a stanza of a Packages file. */
export function parseRecord(stanza: string, origin: { suite: string; mirror: string }): PackageRecord {
  const fields = parseStanza(stanza);
  const name = fields.get('package') ?? '';
  const need = (field: string, pattern: RegExp): string => {
    const value = fields.get(field) ?? '';
    if (!pattern.test(value)) {
      throw new WherryError({
        code: 'PACKAGES_INVALID',
        message: `The package list of ${origin.suite} has no usable ${field} for ${name === '' ? 'a package' : name}`,
      });
    }
    return value;
  };
  const version = need('version', /^[\w.+:~-]+$/);
  const filename = need('filename', /^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[\x21-\x7e]+$/);
  return {
    name: need('package', /^[a-z0-9][a-z0-9+.-]*$/),
    version,
    architecture: need('architecture', /^[\w-]+$/),
    multiArch: fields.get('multi-arch'),
    depends: [...parseRelationship(fields.get('pre-depends')), ...parseRelationship(fields.get('depends'))],
    conflicts: parseRelationship(fields.get('conflicts')),
    provides: parseRelationship(fields.get('provides')).flat(),
    source: parseSource(fields.get('source'), name, version),
    maintainer: fields.get('maintainer'),
    homepage: fields.get('homepage'),
    suite: origin.suite,
    url: `${origin.mirror}/${filename.split('/').map(encodeURIComponent).join('/')}`,
    size: Number(need('size', /^\d+$/)),
    sha256: need('sha256', /^[0-9a-f]{64}$/),
  };
}

/** `Source: name (version)`; name and version default to the binary package's (Debian Policy §5.6.1). */
function parseSource(field: string | undefined, name: string, version: string): PackageRecord['source'] {
  const match = /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(field ?? '');
  return { name: match?.[1] ?? name, version: match?.[2] ?? version };
}
