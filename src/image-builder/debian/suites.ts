import { pinnedKeys } from './keys.ts';
import type { TrustedKey } from './signature.ts';

/** One suite of one archive and who may sign it. */
export interface SuiteSource {
  /** As in `dists/<suite>/`. */
  suite: string;
  /** The archive's root, e.g. `http://deb.debian.org/debian`. */
  mirror: string;
  components: readonly string[];
  keys: readonly TrustedKey[];
}

/** Plain HTTP, as Debian's own default: signatures protect the content, and proxies can cache it. */
const DEBIAN_MIRROR = 'http://deb.debian.org/debian';
const DEBIAN_SECURITY_MIRROR = 'http://deb.debian.org/debian-security';

/** A release with its updates and security suites, in the order in which equal versions are preferred. */
export async function debianSuites(
  release: 'trixie' | 'bookworm',
  mirrors: { main?: string | undefined; security?: string | undefined } = {},
): Promise<SuiteSource[]> {
  const components = ['main'];
  const [main, security] = await Promise.all([
    pinnedKeys('debian', release),
    pinnedKeys('debian-security', release),
  ]);
  const mirror = mirrors.main ?? DEBIAN_MIRROR;
  return [
    { suite: release, mirror, components, keys: main },
    { suite: `${release}-updates`, mirror, components, keys: main },
    {
      suite: `${release}-security`,
      mirror: mirrors.security ?? DEBIAN_SECURITY_MIRROR,
      components,
      keys: security,
    },
  ];
}
