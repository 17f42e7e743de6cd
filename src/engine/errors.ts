/**
 * Semantic errors of the engine, after moby's errdefs. `api/http-status.ts` is the one place that maps a kind to HTTP.
 * `message` is what a Docker client prints after "Error response from daemon: ".
 */
export type EngineErrorKind =
  | 'invalidParameter'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'notModified'
  | 'notImplemented'
  | 'unavailable'
  | 'system';

export class EngineError extends Error {
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EngineError';
    this.kind = kind;
  }
}

export const notFound = (message: string, cause?: unknown) => new EngineError('notFound', message, cause);
export const conflict = (message: string, cause?: unknown) => new EngineError('conflict', message, cause);
export const invalid = (message: string, cause?: unknown) =>
  new EngineError('invalidParameter', message, cause);
export const notImplemented = (message: string) => new EngineError('notImplemented', message);
