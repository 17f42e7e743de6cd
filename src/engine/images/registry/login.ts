import { STATUS_CODES } from 'node:http';
import { EngineError, invalid } from '../../errors.ts';
import { NoCredentials, TokenRefused } from './authorizer.ts';
import { readBody } from './body.ts';
import type { Credentials } from './credentials.ts';
import { registryEndpoint } from './endpoints.ts';
import type { RegistrySettings } from './endpoints.ts';
import { RegistryAnswer } from './errors.ts';
import { RegistrySession } from './session.ts';
import type { Transport } from './transport.ts';

export interface LoginContext {
  readonly transport: Transport;
  readonly settings: RegistrySettings;
}

/** The name under which clients keep what they know of Docker Hub. */
const HUB_SERVER = 'https://index.docker.io/v1/';
const MAX_ANSWER = 64 * 1024;

/**
 * Tries credentials at a registry's `/v2/` (OCI distribution-spec v1.1, "Determining support"). Nothing of them is kept.
 *
 * @param server as clients write it: `localhost:5000`, `https://ghcr.io`, Docker Hub's address or nothing
 * @returns a refresh token, if the token server gives one in place of the password
 * @throws EngineError unauthorized or system in the words of Docker
 */
export async function checkLogin(
  context: LoginContext,
  server: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { transport, settings } = context;
  const endpoint = registryEndpoint(domainOf(server), settings);
  const session = new RegistrySession({ transport, endpoint, settings, credentials, offline: true });
  try {
    const { response } = await session.request({ target: '', expects: [200] }, signal);
    await readBody(response, MAX_ANSWER);
    return session.refreshToken;
  } catch (error) {
    if (!(error instanceof RegistryAnswer)) {
      throw error instanceof EngineError ? error : new EngineError('system', (error as Error).message, error);
    }
    const { status } = error;
    const asked = `${session.base}/v2/`;
    const told = error instanceof TokenRefused || error instanceof NoCredentials;
    throw new EngineError(
      status === 401 ? 'unauthorized' : 'system',
      told
        ? `Get "${asked}": ${error.message}`
        : `login attempt to ${asked} failed with status: ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(),
      error,
    );
  }
}

function domainOf(server: string): string {
  if (server === '' || server === HUB_SERVER) return 'docker.io';
  const address = /^https?:\/\//.test(server) ? server : `https://${server}`;
  if (!URL.canParse(address)) throw invalid(`unable to parse server address: ${JSON.stringify(server)}`);
  const { host } = new URL(address);
  // The scheme's own port is part of the name that images carry.
  const port = /^(?:https?:\/\/)?[^/]*?(:\d+)(?:\/|$)/.exec(server)?.[1] ?? '';
  const domain = host.endsWith(port) ? host : host + port;
  return domain === 'index.docker.io' || domain === 'registry-1.docker.io' ? 'docker.io' : domain;
}
