import { printable } from './printable.ts';

const MAX_DEPTH = 100;

/**
 * What makes a JSON text that parses unfit to be trusted: a name twice in one object (RFC 8259 §4: readers differ in
 * which one counts), or nesting so deep that programs fail over it. Undefined: nothing.
 */
export function jsonTrouble(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length;) {
    const sign = text.charAt(at);
    if (sign === '"') {
      const start = at;
      at = endOfString(text, start);
      const names = open.at(-1);
      if (!expectsKey || names === undefined) continue;
      const name = JSON.parse(text.slice(start, at)) as string;
      if (names.has(name)) return `it has "${printable(name, 100)}" twice`;
      names.add(name);
      expectsKey = false;
      continue;
    }
    at++;
    if (sign === '{' || sign === '[') {
      if (open.push(sign === '{' ? new Set() : undefined) > MAX_DEPTH)
        return `it is nested more than ${MAX_DEPTH} times`;
      expectsKey = sign === '{';
    } else if (sign === '}' || sign === ']') {
      open.pop();
      expectsKey = false;
    } else if (sign === ',') {
      expectsKey = open.at(-1) !== undefined;
    }
  }
  return undefined;
}

/** Where the string that begins at `start` is over. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}
