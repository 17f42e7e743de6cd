import { isAbsolute } from 'node:path';
import { WherryError } from '../../core/errors.ts';

/** One side of a copy: a path of this computer, or of a container. */
export interface CopyArgument {
  /** '' for this computer. */
  readonly container: string;
  readonly path: string;
}

/**
 * `CONTAINER:PATH` or `PATH`, as docker reads them: an absolute path of this computer's (`C:\x` on Windows) is no
 * container's, nor is what begins with a dot (`./file:name`).
 *
 * @param absolute whether a path is one of this computer's; by its own rules unless a test has others
 */
export function parseCopyArgument(
  text: string,
  absolute: (path: string) => boolean = isAbsolute,
): CopyArgument {
  const colon = text.indexOf(':');
  if (absolute(text) || colon < 0 || text.startsWith('.')) return { container: '', path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** docker's exit status for what `cp` finds wrong. */
export const copyError = (message: string, cause?: unknown): WherryError =>
  new WherryError({ code: 'COPY', message, exitCode: 1, cause });
