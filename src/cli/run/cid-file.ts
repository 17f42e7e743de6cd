import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { messageOf, systemErrorCode } from '../../core/errors.ts';
import { usage } from '../base-command.ts';

/** `--cidfile`: the file is there before the container is, so that two of them never share one. */
export interface CidFile {
  write(id: string): void;
  /** Without an id in it, the file goes again. */
  close(): void;
}

/** @throws WherryError USAGE if there is a file by that name, or none can be made */
export function openCidFile(path: string | undefined): CidFile {
  if (path === undefined || path === '') return { write: () => undefined, close: () => undefined };
  const file = create(path);
  let written = false;
  return {
    write: (id) => {
      writeSync(file, id);
      written = true;
    },
    close: () => {
      closeSync(file);
      if (!written) rmSync(path, { force: true });
    },
  };
}

function create(path: string): number {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    throw usage(
      systemErrorCode(error) === 'EEXIST'
        ? `container ID file found, make sure the other container isn't running or delete ${path}`
        : `failed to create the container ID file: ${messageOf(error)}`,
      undefined,
      1,
    );
  }
}
