import { EngineError } from '../errors.ts';
import type { EngineErrorKind } from '../errors.ts';
import { messageOf } from '../../core/errors.ts';

/** The one table from the engine's errors to HTTP (the same kinds and numbers as moby's errdefs). */
const STATUS: Readonly<Record<EngineErrorKind, number>> = {
  invalidParameter: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  notModified: 304,
  notImplemented: 501,
  unavailable: 503,
  system: 500,
};

/** Status and message for a client; anything that isn't an EngineError is the engine's own fault, 500. */
export function httpError(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof EngineError) return { status: STATUS[error.kind], message: error.message };
  return { status: 500, message: messageOf(error) };
}
