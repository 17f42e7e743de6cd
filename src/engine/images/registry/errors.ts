import type { IncomingHttpHeaders } from 'node:http';
import { printable } from '../printable.ts';
import { readRateLimit } from './rate-limit.ts';
import type { RateLimit } from './rate-limit.ts';

/** Nobody answered: the name has no address, the connection was refused or took too long. The only case for a stand-in. */
export class RegistryUnreachable extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'RegistryUnreachable';
  }
}

/** The connection was made, and then TLS, HTTP or the transfer failed. */
export class RegistryTransportError extends Error {
  /** It may work if it is tried again: not a certificate that isn't trusted, nor a proxy's refusal. */
  readonly passing: boolean;

  constructor(message: string, cause?: unknown, passing = true) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RegistryTransportError';
    this.passing = passing;
  }
}

/** The registry answered, with an error. `code` is the distribution-spec's (`MANIFEST_UNKNOWN`), if it gave one. */
export class RegistryAnswer extends Error {
  readonly status: number;
  readonly code: string | undefined;
  /** From `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  readonly rateLimit: RateLimit | undefined;

  constructor(
    status: number,
    code: string | undefined,
    message: string,
    retryAfterMs?: number,
    rateLimit?: RateLimit,
  ) {
    super(message);
    this.name = 'RegistryAnswer';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.rateLimit = rateLimit;
  }
}

/**
 * `code: message` of an error answer's body (OCI distribution-spec v1.1, "Error codes"), as Docker prints it:
 * `manifest unknown: manifest unknown`.
 */
export function registryAnswer(
  status: number,
  body: string,
  headers: IncomingHttpHeaders = {},
): RegistryAnswer {
  const first = firstError(body, status) ?? REFUSALS[status];
  const code = typeof first?.['code'] === 'string' ? printable(first['code'], 100) : undefined;
  const detail = typeof first?.['message'] === 'string' ? printable(first['message']) : undefined;
  const spoken = code?.toLowerCase().replaceAll('_', ' ');
  const message =
    spoken === undefined
      ? `received unexpected HTTP status: ${status}`
      : [spoken, detail].filter((part) => part !== undefined && part !== '').join(': ');
  const retryAfter = retryAfterMilliseconds(headers['retry-after']);
  return new RegistryAnswer(status, code, message, retryAfter, readRateLimit(headers));
}

/** Where a refusal has no body, or another than the specification's: in the words of the distribution project's client. */
const REFUSALS: Readonly<Record<number, Record<string, unknown>>> = {
  401: { code: 'UNAUTHORIZED', message: 'authentication required' },
  403: { code: 'DENIED', message: 'requested access to the resource is denied' },
};

function firstError(body: string, status: number): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined; // an HTML page of a proxy: the status says enough
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('errors' in value) || !Array.isArray(value.errors)) {
    const refusal = REFUSALS[status];
    // Docker Hub's token server.
    if (!('details' in value) || typeof value.details !== 'string' || refusal === undefined) return undefined;
    return { ...refusal, message: value.details };
  }
  const first: unknown = value.errors[0];
  return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : undefined;
}

/** A century: more digits than that would be told as Infinity. */
const LONGEST_S = 100 * 365 * 86_400;

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterMilliseconds(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value), LONGEST_S) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
