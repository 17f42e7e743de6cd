/**
 * What a `Link` header names as the next page (RFC 8288): `</v2/x/tags/list?last=b&n=2>; rel="next"`, among others
 * perhaps; in time that grows with the header's length only.
 */
export function nextLink(header: string): string | undefined {
  for (let at = 0; ;) {
    const open = header.indexOf('<', at);
    const close = open === -1 ? -1 : header.indexOf('>', open);
    if (close === -1) return undefined;
    const following = header.indexOf('<', close);
    const parameters = header.slice(close + 1, following === -1 ? undefined : following);
    if (parameters.split(/[;,]/).some((one) => /^rel="?next"?$/i.test(one.trim())))
      return header.slice(open + 1, close);
    at = close + 1;
  }
}
