const MOST = 3;

/** Names that a word may have been meant to be: at most two letters off, or those that begin with it. Nearest first. */
export function similarNames(word: string, names: Iterable<string>): string[] {
  const found: { readonly name: string; readonly far: number }[] = [];
  for (const name of names) {
    const far = Math.min(distance(word, name, 2), name.startsWith(word) ? 2 : 3);
    if (far <= 2) found.push({ name, far });
  }
  return found
    .sort((a, b) => a.far - b.far || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, MOST)
    .map(({ name }) => name);
}

/** Letters to change, add or drop (Levenshtein); `limit + 1` for anything past `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    if (Math.min(...next) > limit) return limit + 1;
    row = next;
  }
  return row.at(-1) ?? limit + 1;
}
