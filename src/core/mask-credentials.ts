/** A URL as it may be shown: `http://user:password@proxy` is `http://xxxxx:xxxxx@proxy`, as moby masks it. */
export function maskCredentials(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? '';
  // The last: a password that should have been escaped is no less secret.
  const at = url.lastIndexOf('@');
  return at === -1 ? url : `${scheme}xxxxx:xxxxx@${url.slice(at + 1)}`;
}
