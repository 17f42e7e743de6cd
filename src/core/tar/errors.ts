import { WherryError } from '../errors.ts';

/** An archive that can't be read. */
export function badTar(why: string): WherryError {
  return new WherryError({ code: 'ARCHIVE_INVALID', message: `The tar archive cannot be read: ${why}` });
}
