import { messageOf, WherryError } from '../core/errors.ts';

/** An exit status without anything to print: a container's own, or one whose message has been printed. */
export class ExitStatus extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`exit status ${status}`);
    this.status = status;
  }
}

/**
 * The one place that turns an error into terminal output: plain lines on stderr, uncut, the hint indented below.
 * @returns the exit status
 */
export function renderError(error: unknown, stderr: NodeJS.WritableStream, debug: boolean): number {
  if (error instanceof ExitStatus) return error.status;
  if (error instanceof WherryError) {
    stderr.write(`${error.bare ? '' : 'Error: '}${error.message}\n`);
    if (error.hint !== undefined) stderr.write(`${error.hint.replace(/^/gm, '  ')}\n`);
    if (debug) stderr.write(`${stackOf(error)}\n`);
    return error.exitCode;
  }
  if (error instanceof Error && error.name === 'AbortError') return 130;
  stderr.write(`Error: ${messageOf(error)}\n`);
  if (debug && error instanceof Error) stderr.write(`${stackOf(error)}\n`);
  return 1;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
