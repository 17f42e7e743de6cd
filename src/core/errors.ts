/**
 * The one error type of the host side. `code` is stable and machine-readable (SCREAMING_SNAKE),
 * `message` is one line that names the input and the reason, `hint` names the next command to try.
 * `cli/error-render.ts` is the only place that turns it into terminal output and an exit status.
 */
export class WherryError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number;
  /** The message is printed as it stands, without `Error: ` before it (docker-machine's exact first lines). */
  readonly bare: boolean;

  constructor(fields: {
    code: string;
    message: string;
    hint?: string | undefined;
    exitCode?: number;
    bare?: boolean;
    cause?: unknown;
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'WherryError';
    this.code = fields.code;
    this.hint = fields.hint;
    this.exitCode = fields.exitCode ?? 1;
    this.bare = fields.bare ?? false;
  }
}

/** The `code` of a Node.js system error (`ENOENT`, `ECONNREFUSED`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** A message for logs and `cause` lines: an Error's message, or the value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
