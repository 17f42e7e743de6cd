import { WherryError } from '../../core/errors.ts';
import type { EngineEndpoint } from '../driver.ts';

/** Docker's DOCKER_HOST forms without TLS: `unix:///PATH`, `tcp://HOST[:PORT]` (2375, IANA's port for it). Error: `INVALID_URL`. */
export function parseEngineUrl(url: string): EngineEndpoint {
  const unix = /^unix:\/\/(\/.+)$/.exec(url)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: unix };
  if (URL.canParse(url)) {
    const { protocol, hostname, port } = new URL(url);
    if (protocol === 'tcp:' && hostname !== '') {
      return {
        kind: 'tcp',
        host: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? 2375 : Number(port),
      };
    }
  }
  throw new WherryError({
    code: 'INVALID_URL',
    message: `"${url}" is not the URL of an engine`,
    hint: 'It looks like unix:///PATH or tcp://HOST:PORT',
  });
}
