import type { OpenedSuite } from '../debian/archive.ts';

/** invoke-rc.d(8): 101 forbids every action. Nothing starts services in a container but its own command. */
export const POLICY_RC_D = `#!/bin/sh
# No service is started or stopped by installing a package in a container.
exit 101
`;

const DEBIAN = 'http://deb.debian.org/debian';

/**
 * apt's sources (sources.list(5), deb822 style): the suites that the packages came from. A mirror on the host's own
 * loopback can't be reached from a container, and Debian's own stands in for it; a password in an URL stays out.
 */
export function aptSources(suites: readonly Pick<OpenedSuite, 'suite' | 'mirror'>[]): string {
  const byMirror = new Map<string, string[]>();
  for (const { suite, mirror } of suites) {
    const shown = reachable(mirror, suite);
    byMirror.set(shown, [...(byMirror.get(shown) ?? []), suite]);
  }
  return [...byMirror]
    .map(
      ([mirror, names]) =>
        `Types: deb\nURIs: ${mirror}\nSuites: ${names.join(' ')}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
    )
    .join('\n');
}

function reachable(mirror: string, suite: string): string {
  const url = new URL(mirror);
  const isLoopback = /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  if (isLoopback) return suite.endsWith('-security') ? `${DEBIAN}-security` : DEBIAN;
  url.username = '';
  url.password = '';
  return url.href.replace(/\/$/, '');
}
