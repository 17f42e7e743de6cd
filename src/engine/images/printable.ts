const MAX = 1000;

/**
 * What strangers wrote, for a message: without the characters that terminals obey (C0, DEL, C1; ECMA-48 §5) or that turn
 * lines around (Unicode's bidirectional controls), and not too long.
 */
export function printable(text: string, max: number = MAX): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '?');
}
