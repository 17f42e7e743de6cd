import type { IncomingMessage } from 'node:http';
import { EngineError, invalid } from '../errors.ts';
import type { Transport } from './registry/transport.ts';

const MAX_REDIRECTS = 10;

/**
 * What is at a URL, for `docker import URL`; redirects are followed, nothing secret is sent along.
 *
 * @param source without a scheme: `http://`, as with Docker
 * @throws EngineError invalidParameter for what is no URL, system for an answer other than 200
 */
export async function fetchArchive(
  transport: Transport,
  source: string,
  signal: AbortSignal,
): Promise<{ readonly url: URL; readonly body: IncomingMessage }> {
  let url = urlOf(source.includes('://') ? source : `http://${source}`);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const body = await transport.request({ url, insecure: false, signal });
    const { statusCode = 0, statusMessage = '', headers } = body;
    if (statusCode === 200) return { url, body };
    body.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
      throw new EngineError(
        'system',
        `Get "${shownUrl(url)}": the server answered ${statusCode} ${statusMessage}`,
      );
    }
    url = urlOf(new URL(headers.location, url).href);
  }
  throw new EngineError('system', `Get "${shownUrl(url)}": stopped after ${MAX_REDIRECTS} redirects`);
}

/** Without what may be secret: a password, a signature. */
export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}`;

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid(`"${text}" is not a URL that can be imported: it has to be http:// or https://`);
  }
  return url;
}
