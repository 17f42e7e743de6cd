import { request as requestPlainly } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { ProxyServer } from './outside.ts';

/** What went wrong between here and the proxy, or what the proxy answered. */
export class ProxyFailure extends Error {
  /** The proxy's answer, where there was one. */
  readonly status: number | undefined;

  constructor(message: string, cause?: unknown, status?: number) {
    super(message, { cause });
    this.name = 'ProxyFailure';
    this.status = status;
  }
}

export interface Tunnel {
  readonly proxy: ProxyServer;
  /** For the proxy, where it is spoken to over TLS. */
  readonly proxyContext: SecureContext | undefined;
  readonly host: string;
  readonly port: number;
  readonly rejectUnauthorized: boolean;
  readonly secureContext: SecureContext | undefined;
  /** For all of it. */
  readonly timeoutMs: number;
}

/**
 * TLS to a host through a proxy (RFC 9110 §9.3.6, CONNECT).
 *
 * @throws ProxyFailure, or TLS's error
 */
export async function openTunnel(tunnel: Tunnel): Promise<TLSSocket> {
  const { host, rejectUnauthorized, secureContext } = tunnel;
  const deadline = Date.now() + tunnel.timeoutMs;
  const socket = await connectThrough(tunnel);
  const secure = connect({
    socket,
    host,
    servername: isIP(host) === 0 ? host : '',
    rejectUnauthorized,
    ...(secureContext === undefined ? {} : { secureContext }),
  });
  return await new Promise<TLSSocket>((resolve, reject) => {
    const late = setTimeout(
      () => {
        secure.destroy(Object.assign(new Error('TLS handshake timeout'), { code: 'EIDLE' }));
      },
      Math.max(1, deadline - Date.now()),
    );
    const ended = (): void => fail(Object.assign(new Error('EOF'), { code: 'EOF' }));
    const fail = (error: Error): void => {
      clearTimeout(late);
      reject(error);
    };
    secure.once('error', fail);
    secure.once('close', ended);
    secure.once('secureConnect', () => {
      clearTimeout(late);
      secure.off('error', fail);
      secure.off('close', ended);
      resolve(secure);
    });
  });
}

async function connectThrough({ proxy, proxyContext, host, port, timeoutMs }: Tunnel): Promise<Socket> {
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const options: RequestOptions = {
    host: proxy.host,
    port: proxy.port,
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      'user-agent': 'wherry',
      ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
    },
    agent: false,
    // By itself Node takes the Host header's.
    ...(proxy.secure ? { servername: isIP(proxy.host) === 0 ? proxy.host : '' } : {}),
    ...(proxyContext === undefined ? {} : { secureContext: proxyContext }),
  };
  const asked = (proxy.secure ? requestSecurely : requestPlainly)(options);
  return await new Promise<Socket>((resolve, reject) => {
    const late = setTimeout(() => {
      asked.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    asked.once('connect', (response, socket, head) => {
      clearTimeout(late);
      const { statusCode = 0, statusMessage = '' } = response;
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new ProxyFailure(`${statusCode} ${statusMessage}`.trimEnd(), undefined, statusCode));
    });
    asked.once('error', (error) => {
      clearTimeout(late);
      reject(new ProxyFailure(error.message, error));
    });
    asked.end();
  });
}
