/**
 * A shell pattern over a whole path without its leading slash, as a regular expression. `*` and `?` stop at slashes,
 * `**` doesn't; `a/**` is everything below `a`, a leading `**` followed by a slash is any folder or none; `[a-z]` and
 * `[!a-z]` are classes. Not node:path's matchesGlob, which ignores case on macOS and Windows: an image is the same
 * whichever host composed it.
 */
export function globToRegExp(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (pattern.startsWith('**/', at)) {
      source += '(?:.*/)?';
      at += 2;
    } else if (pattern.startsWith('**', at)) {
      source += '.*';
      at += 1;
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[' && pattern.includes(']', at + 2)) {
      const end = pattern.indexOf(']', at + 2);
      const body = pattern
        .slice(at + 1, end)
        .replaceAll('\\', '\\\\')
        .replaceAll('^', '\\^');
      source += body.startsWith('!') ? `[^/${body.slice(1)}]` : `[${body}]`;
      at = end;
    } else source += char.replace(/[\\^$.*+?()[\]{}|/]/u, String.raw`\$&`);
  }
  return new RegExp(`^${source}$`, 's');
}
