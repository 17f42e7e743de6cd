import { WherryError } from '../../core/errors.ts';
import type { Release } from '../../image-builder/bootstrap/prepare.ts';

/** The releases whose archive keys come with Wherry. */
const RELEASES: readonly Release[] = ['trixie', 'bookworm'];

/** `debian:trixie` → `trixie`. @throws SUITE_UNKNOWN */
export function releaseOf(reference: string): Release {
  const [distribution = '', suite = ''] = reference.split(':', 2);
  const release = RELEASES.find((name) => name === suite);
  if (distribution === 'debian' && release !== undefined && reference === `debian:${release}`) return release;
  throw new WherryError({
    code: 'SUITE_UNKNOWN',
    message:
      distribution === 'debian' && suite !== ''
        ? `Wherry has no keys for Debian's ${JSON.stringify(suite)}`
        : `${JSON.stringify(reference)} can't be made of Debian packages`,
    hint: `What can:  ${RELEASES.map((name) => `debian:${name}`).join(', ')}`,
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
