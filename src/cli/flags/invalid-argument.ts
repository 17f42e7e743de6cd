import { WherryError } from '../../core/errors.ts';

/** docker's words, and its exit status, for a flag's value that makes no sense. */
export function invalidArgument(value: string, flag: string, reason: string): WherryError {
  return new WherryError({
    code: 'USAGE',
    message: `invalid argument "${value}" for "${flag}" flag: ${reason}`,
    hint: 'See:  wherry run --help',
    exitCode: 125,
    bare: true,
  });
}
