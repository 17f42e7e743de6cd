import { WherryError } from '../../../core/errors.ts';

/** Tokens inside an action, and literal text between actions (Go's text/template, "Text and spaces"). */
export type Token =
  | { readonly kind: 'text'; readonly value: string }
  | {
      readonly kind: 'open' | 'close' | 'pipe' | 'lparen' | 'rparen' | 'assign' | 'declare' | 'comma' | 'dot';
    }
  | { readonly kind: 'field'; readonly name: string; readonly spaceBefore: boolean }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'word'; readonly name: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number };

export function templateError(template: string, reason: string): WherryError {
  return new WherryError({
    code: 'TEMPLATE_INVALID',
    message: `template parsing error: template: :1: ${reason}`,
    hint: `The template was: ${template}`,
  });
}

const INNER: readonly (readonly [RegExp, (match: RegExpExecArray, spaceBefore: boolean) => Token])[] = [
  [/\.([A-Za-z_]\w*)/y, (match, spaceBefore) => ({ kind: 'field', name: match[1] ?? '', spaceBefore })],
  [/\$(\w*)/y, (match) => ({ kind: 'variable', name: match[1] ?? '' })],
  [/-?\d+(?:\.\d+)?/y, (match) => ({ kind: 'number', value: Number(match[0]) })],
  [/[A-Za-z_]\w*/y, (match) => ({ kind: 'word', name: match[0] })],
  [/"(?:[^"\\]|\\.)*"/y, (match) => ({ kind: 'string', value: unquote(match[0]) })],
  [/`[^`]*`/y, (match) => ({ kind: 'string', value: match[0].slice(1, -1) })],
  [/'(?:[^'\\]|\\.)'/y, (match) => ({ kind: 'number', value: match[0].codePointAt(1) ?? 0 })],
  [/:=/y, () => ({ kind: 'declare' })],
  [/=/y, () => ({ kind: 'assign' })],
  [/\|/y, () => ({ kind: 'pipe' })],
  [/\(/y, () => ({ kind: 'lparen' })],
  [/\)/y, () => ({ kind: 'rparen' })],
  [/,/y, () => ({ kind: 'comma' })],
  [/\./y, () => ({ kind: 'dot' })],
];

/** A Go interpreted string literal's value; its escapes are JSON's plus \a \v \x. */
function unquote(literal: string): string {
  const named: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
  return literal
    .slice(1, -1)
    .replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|.)/g, (_, escape: string) =>
      /^[xu]./.test(escape) && escape.length > 1
        ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16))
        : (named[escape] ?? escape),
    );
}

export function lex(template: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let trimNext = false;
  while (position < template.length) {
    const open = template.indexOf('{{', position);
    let text = template.slice(position, open === -1 ? undefined : open);
    if (trimNext) text = text.trimStart();
    trimNext = false;
    if (open === -1) {
      tokens.push({ kind: 'text', value: text });
      break;
    }
    position = open + 2;
    if (/^-\s/.test(template.slice(position, position + 2))) {
      text = text.trimEnd();
      position += 1;
    }
    if (text !== '') tokens.push({ kind: 'text', value: text });
    const comment = /\s*\/\*[\s\S]*?\*\/\s*(-?)\}\}/y;
    comment.lastIndex = position;
    const commented = comment.exec(template);
    if (commented) {
      trimNext = commented[1] === '-';
      position = comment.lastIndex;
      continue;
    }
    tokens.push({ kind: 'open' });
    ({ position, trimNext } = lexAction(template, position, tokens));
  }
  return tokens;
}

function lexAction(
  template: string,
  start: number,
  tokens: Token[],
): { position: number; trimNext: boolean } {
  let position = start;
  for (;;) {
    const before = position;
    while (/\s/.test(template[position] ?? '')) position += 1;
    const plain = template.startsWith('}}', position);
    const trimmed = template.startsWith('-}}', position) && before < position;
    if (plain || trimmed) {
      tokens.push({ kind: 'close' });
      return { position: position + (trimmed ? 3 : 2), trimNext: trimmed };
    }
    if (position >= template.length) throw templateError(template, 'unclosed action');
    const next = INNER.map(([pattern, make]) => {
      pattern.lastIndex = position;
      const match = pattern.exec(template);
      return match && { length: match[0].length, token: make(match, before < position) };
    }).find((candidate) => candidate !== null);
    if (!next) throw templateError(template, `unexpected ${JSON.stringify(template[position])} in command`);
    tokens.push(next.token);
    position += next.length;
  }
}
