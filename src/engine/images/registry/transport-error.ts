import { ProxyFailure } from '../outside/tunnel.ts';
import { RegistryTransportError, RegistryUnreachable } from './errors.ts';
import type { TransportRequest } from './transport.ts';

const UNREACHABLE =
  /^(?:ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ETIMEDOUT|EADDRNOTAVAIL)$/;

/** Codes of OpenSSL's verification (X509_V_ERR_…, as Node spells them), in the words of Go's crypto/x509. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
};

/** Answers of a proxy's that may be others in a moment; any other is its decision. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

/**
 * A failed request in the words that Docker's users know, which are those of Go's net/http.
 *
 * @param proxied the connection was to be one to a proxy
 * @param advice what to do about an unknown authority
 */
export function transportError(
  request: TransportRequest,
  failure: Error,
  proxied: boolean,
  advice: string,
): Error {
  const viaProxy = proxied || failure instanceof ProxyFailure;
  const error = failure instanceof ProxyFailure && failure.cause instanceof Error ? failure.cause : failure;
  const cause = error instanceof AggregateError ? ((error.errors as unknown[])[0] ?? error) : error;
  const fields = cause as { code?: unknown; address?: unknown; port?: unknown; message?: unknown };
  const code = typeof fields.code === 'string' ? fields.code : '';
  const address = typeof fields.address === 'string' ? ` ${fields.address}:${String(fields.port)}` : '';
  const asked = request.method ?? 'GET';
  const method = asked.charAt(0) + asked.slice(1).toLowerCase();
  const { origin, pathname } = request.url;
  // Docker asks for /v2/ first, and names that when nobody answers.
  const first = pathname.startsWith('/v2/') ? `Get "${origin}/v2/"` : `${method} "${origin}${pathname}"`;
  const where = viaProxy ? 'proxyconnect tcp: ' : '';
  const untrusted = UNTRUSTED[code];
  if (untrusted !== undefined) {
    const next = untrusted.includes('unknown authority') ? ` (${advice})` : '';
    const told = `${first}: ${where}tls: failed to verify certificate: x509: ${untrusted}${next}`;
    return new RegistryTransportError(told, error, false);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const told = `${first}: ${where}tls: failed to verify certificate: x509: ${String(fields.message)}`;
    return new RegistryTransportError(told, error, false);
  }
  if (failure instanceof ProxyFailure && failure.status !== undefined) {
    return new RegistryTransportError(
      `${first}: ${where}${failure.message}`,
      failure,
      PASSING.has(failure.status),
    );
  }
  if (!UNREACHABLE.test(code)) {
    const prefix = `${method} "${origin}${pathname}": ${where}`;
    const reason = code === 'ECONNRESET' ? 'connection reset by peer' : String(fields.message);
    const tls = /SSL|CERT|TLS|EPROTO/.test(code) ? 'tls: ' : '';
    return new RegistryTransportError(`${prefix}${tls}${reason}`, error);
  }
  const host = viaProxy ? 'the proxy' : request.url.hostname;
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: `dial tcp: lookup ${host}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${host}: Temporary failure in name resolution`,
    ECONNREFUSED: `dial tcp${address}: connect: connection refused`,
    EHOSTUNREACH: `dial tcp${address}: connect: no route to host`,
    ENETUNREACH: `dial tcp${address}: connect: network is unreachable`,
    ETIMEDOUT: `dial tcp${address}: i/o timeout`,
  };
  const reason =
    reasons[code] ??
    (code.startsWith('EAI_') ? `dial tcp: lookup ${host}: ${code}` : `dial tcp${address}: ${code}`);
  return new RegistryUnreachable(`${first}: ${where}${reason}`, error);
}
