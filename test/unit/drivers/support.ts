import { WherryError } from '../../../src/core/errors.ts';

/** `CODE: message` of the error that a promise is rejected with; fails if it isn't. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WherryError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('expected a rejection');
}
