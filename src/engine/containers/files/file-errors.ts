import { getSystemErrorMessage } from 'node:util';
import { EngineError, notFound } from '../../errors.ts';
import { hasCode } from '../../sys/errno.ts';

/**
 * An error of a system call as a client may read it: not with the engine's own paths, which lead through /proc.
 *
 * @param path what was meant, as the container or the archive names it
 */
export function fileError(error: unknown, path: string): unknown {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  if (error instanceof EngineError || typeof errno !== 'number') return error;
  return new EngineError('system', `${path}: ${getSystemErrorMessage(-Math.abs(errno))}`, error);
}

/** {@link fileError}, and Docker's 404 for a path that isn't there. */
export function pathError(error: unknown, path: string, container: string): unknown {
  if (hasCode(error, 'ENOENT')) {
    return notFound(`Could not find the file ${path} in container ${container}`, error);
  }
  return fileError(error, path);
}
