import { invalid } from '../../errors.ts';

/** Words between white space; quotes and backslashes keep theirs, and stay in them (Dockerfile reference, "ENV"). */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote === '' && /\s/.test(char)) {
      if (inside) words.push(word);
      word = '';
      inside = false;
      continue;
    }
    inside = true;
    word += char;
    if (char === '\\' && quote !== "'") word += text[++at] ?? '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
  }
  if (inside) words.push(word);
  return words;
}

/**
 * What a word means: quotes go, `\x` is x, `$NAME`, `${NAME}`, `${NAME:-other}` and `${NAME:+other}` are replaced
 * (Dockerfile reference, "Environment replacement"); a name that isn't set is nothing.
 *
 * @throws EngineError invalidParameter for what has no end
 */
export function expandWord(text: string, environment: ReadonlyMap<string, string>): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const char = text[at] ?? '';
    if (char === "'") {
      const end = endOf(text, at, "'");
      out += text.slice(at + 1, end);
      at = end + 1;
    } else if (char === '"') {
      const end = endOf(text, at, '"');
      out += expandPart(text.slice(at + 1, end), environment, true);
      at = end + 1;
    } else {
      const next = /["']/.exec(text.slice(at).replaceAll(/\\[^]/g, '__'))?.index;
      const end = next === undefined ? text.length : at + next;
      out += expandPart(text.slice(at, end), environment, false);
      at = end;
    }
  }
  return out;
}

function endOf(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\' && quote === '"') at++;
    else if (text[at] === quote) return at;
  }
  throw invalid(`unexpected end of statement while looking for matching ${quote}: ${text}`);
}

const VARIABLE = /\\([^])|\$(?:(\w+)|\{(\w+)(?:(:[-+])([^}]*))?\})|\$\{/g;

/** Between double quotes a backslash stands for itself, but before `"`, `$` and a backslash. */
function expandPart(text: string, environment: ReadonlyMap<string, string>, quoted: boolean): string {
  return text.replaceAll(
    VARIABLE,
    (all: string, escaped?: string, plain?: string, braced?: string, operator?: string, other = '') => {
      if (escaped !== undefined) return quoted && !'"$\\'.includes(escaped) ? all : escaped;
      const name = plain ?? braced;
      if (name === undefined) throw invalid(`unsupported modifier or missing } in substitution: ${text}`);
      const value = environment.get(name) ?? '';
      if (operator === ':-') return value === '' ? other : value;
      if (operator === ':+') return value === '' ? '' : other;
      return value;
    },
  );
}
