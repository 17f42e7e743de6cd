import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { systemErrorCode, WherryError } from '../../core/errors.ts';

/** A file to be sent, opened before anything is asked of the engine. @throws WherryError in docker's words */
export async function openInputFile(path: string): Promise<Readable> {
  try {
    const file = await open(path);
    if ((await file.stat()).isDirectory()) {
      await file.close();
      throw new WherryError({ code: 'INPUT', message: `read ${path}: is a directory`, exitCode: 1 });
    }
    return file.createReadStream({ highWaterMark: 256 * 1024 });
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw new WherryError({
      code: 'INPUT',
      message: `open ${path}: no such file or directory`,
      exitCode: 1,
      cause: error,
    });
  }
}
