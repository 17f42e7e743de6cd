export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const VALUE = /"((?:[^"\\]|\\.)*)"|([^\s,"]+)/y;

/**
 * All challenges of a `WWW-Authenticate` header (RFC 9110 §11.6.1). Commas separate both challenges and parameters, and
 * a quoted value may hold commas (`scope="repository:x:pull,push"`). What can't be read ends the list.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const skip = (pattern: RegExp): void => {
    while (at < header.length && pattern.test(header.charAt(at))) at++;
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    skip(/[\s,]/);
    const word = match(TOKEN)?.[0];
    if (word === undefined) return challenges;
    skip(/\s/);
    const current = challenges.at(-1);
    if (header.charAt(at) === '=' && current !== undefined) {
      at++;
      skip(/\s/);
      const value = match(VALUE);
      if (value === null) return challenges;
      current.parameters[word.toLowerCase()] = value[1]?.replaceAll(/\\(.)/g, '$1') ?? value[2] ?? '';
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
    }
  }
}
