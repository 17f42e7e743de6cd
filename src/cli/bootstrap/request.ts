import { WherryError } from '../../core/errors.ts';
import type { Release } from '../../image-builder/bootstrap/prepare.ts';

/** The releases whose archive keys come with Wherry. */
const RELEASES: readonly Release[] = ['trixie', 'bookworm'];

export interface DebianReference {
  readonly release: Release;
  readonly slim: boolean;
}

/** `debian:trixie`, `debian:trixie-slim`. @throws SUITE_UNKNOWN */
export function parseDebian(reference: string): DebianReference {
  const match = /^debian:(\w+)(-slim)?$/.exec(reference);
  const release = RELEASES.find((name) => name === match?.[1]);
  if (release !== undefined) return { release, slim: match?.[2] !== undefined };
  throw new WherryError({
    code: 'SUITE_UNKNOWN',
    message:
      match === null
        ? `${JSON.stringify(reference)} can't be made of Debian packages`
        : `Wherry has no keys for Debian's ${JSON.stringify(match[1])}`,
    hint: `What can:  ${RELEASES.map((name) => `debian:${name}, debian:${name}-slim`).join(', ')}`,
  });
}

/** `--include a,b --include c` → a, b, c; each once. @throws USAGE */
export function includedPackages(values: readonly string[]): string[] {
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim());
  for (const name of names) {
    if (!/^[a-z0-9][a-z0-9+.-]*$/.test(name)) {
      throw new WherryError({
        code: 'USAGE',
        message: `${JSON.stringify(name)} is no name of a Debian package`,
        hint: 'See:  wherry image bootstrap --help',
      });
    }
  }
  return [...new Set(names)].sort();
}
