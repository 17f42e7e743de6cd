import { messageOf, WherryError } from '../../core/errors.ts';
import { systemCredentials, type AuthConfig, type Credentials } from './credentials.ts';
import { serverOfImage } from './server-address.ts';

/** base64url of the credentials' JSON; of `{}` where there are none. */
export function encodeAuth(auth: AuthConfig | undefined): string {
  const base64 = Buffer.from(JSON.stringify(auth ?? {}), 'utf8').toString('base64');
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * What goes with a request for an image of a registry. A configuration or a helper that doesn't work keeps nobody from
 * images that need no credentials: it's told, and the request goes without.
 */
export async function registryAuth(
  reference: string,
  stderr: NodeJS.WritableStream,
  signal: AbortSignal,
  credentials: Pick<Credentials, 'get'> = systemCredentials(signal),
): Promise<Readonly<Record<string, string>>> {
  let auth: AuthConfig | undefined;
  try {
    auth = await credentials.get(serverOfImage(reference));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof WherryError)) throw error;
    stderr.write(`WARNING: ${messageOf(error)}\n`);
  }
  return { 'X-Registry-Auth': encodeAuth(auth) };
}
