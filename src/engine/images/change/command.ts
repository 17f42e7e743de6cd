import { invalid } from '../../errors.ts';

const SHELL = ['/bin/sh', '-c'];

/** `["a", "b"]` as it is; anything else is a line for the shell (Dockerfile reference, "Shell and exec form"). */
export function commandOf(text: string, shell: readonly string[] = SHELL): string[] {
  const words = jsonWords(text);
  if (words !== undefined) return words;
  return text === '' ? [] : [...shell, text];
}

/** The words of a JSON array; undefined for text that is none. @throws EngineError for arrays of other things */
export function jsonWords(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!Array.isArray(value)) return undefined;
  if (!value.every((word) => typeof word === 'string')) {
    throw invalid('when using JSON array syntax, arrays must be comprised of strings only');
  }
  return value;
}
