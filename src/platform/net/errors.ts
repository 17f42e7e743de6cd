import { messageOf, systemErrorCode, WherryError } from '../../core/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known (DNS)',
  EAI_AGAIN: 'its name could not be looked up (DNS)',
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'the network is unreachable',
};

/** Where a URL points, for messages: scheme and host, without credentials or query. */
function mirrorOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** A URL as it may be shown: without credentials or query. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** A failure below HTTP, naming the mirror and why. */
export function unreachable(url: string, cause: unknown): WherryError {
  const why = REASONS[systemErrorCode(cause) ?? ''] ?? messageOf(cause);
  return new WherryError({
    code: 'MIRROR_UNREACHABLE',
    message: `Cannot reach ${mirrorOf(url)}: ${why} (fetching ${shownUrl(url)})`,
    hint: 'Check the network (and HTTP_PROXY/HTTPS_PROXY), then try again; what was already downloaded is kept.',
    cause,
  });
}

/** An answer that isn't the file. */
export function refusedByMirror(url: string, status: number): WherryError {
  return new WherryError({
    code: status === 404 ? 'MIRROR_NOT_FOUND' : 'MIRROR_HTTP_ERROR',
    message: `${mirrorOf(url)} answered HTTP ${status} for ${shownUrl(url)}`,
  });
}

/** More bytes than announced or allowed: refused before they fill the disk. */
export function tooLarge(url: string, limit: number): WherryError {
  return new WherryError({
    code: 'DOWNLOAD_TOO_LARGE',
    message: `${shownUrl(url)} is larger than the ${limit} bytes it may have; nothing was kept`,
  });
}

/** A body whose digest isn't the promised one; the file is already removed when this is thrown. */
export function digestMismatch(name: string, url: string, expected: string, actual: string): WherryError {
  return new WherryError({
    code: 'DOWNLOAD_DIGEST_MISMATCH',
    message: `${name} from ${shownUrl(url)} is not the file that was promised: expected ${expected}, got ${actual}; nothing was kept`,
    hint: 'The mirror is broken or somebody changed the file on its way. Try again, or use another mirror.',
  });
}

/** A cached file that changed since it was verified; it is already removed when this is thrown. */
export function tamperedCache(name: string, path: string): WherryError {
  return new WherryError({
    code: 'CACHE_TAMPERED',
    message: `The cached file of ${name} was changed after it was verified and has been removed: ${path}`,
    hint: 'Run the command again to download it afresh; if this happens twice, check the disk.',
  });
}

/** No room. `needed` is in bytes. */
export function diskFull(
  what: string,
  directory: string,
  needed: number,
  free: number | undefined,
  cause?: unknown,
): WherryError {
  const room = free === undefined ? '' : `, ${megabytes(free)} free`;
  return new WherryError({
    code: 'DISK_FULL',
    message: `No space left in ${directory} for ${what}: ${megabytes(needed)} needed${room}; nothing half-made was left`,
    hint: 'Free some space and run the command again.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
