import { invalid } from '../../errors.ts';
import { credentialsOf, decodeRegistryAuth, registryAuth } from '../../images/registry/credentials.ts';
import type { Credentials } from '../../images/registry/credentials.ts';
import type { ApiRequest, ApiResponse, Route } from '../route.ts';

/** Tries credentials; @returns a refresh token, if there is one. */
export type LoginCheck = (
  server: string,
  credentials: Credentials,
  signal: AbortSignal,
) => Promise<string | undefined>;

/** Docker Engine API v1.51, `POST /auth`. */
export function authRoute(check: LoginCheck): Route {
  return {
    method: 'POST',
    path: '/auth',
    handle: async (request, response) => await login(check, request, response),
  };
}

async function login(check: LoginCheck, request: ApiRequest, response: ApiResponse): Promise<void> {
  // What is wrong with the body is not repeated: it may be the password.
  const body = await request.json().catch(() => {
    throw invalid('invalid JSON in the body of POST /auth');
  });
  const parsed = registryAuth.safeParse(body ?? {});
  if (!parsed.success) throw invalid('invalid body of POST /auth: a field has the wrong type');
  const server = parsed.data.serveraddress ?? '';
  const token = await check(server, credentialsOf(parsed.data), request.signal);
  response.json(200, { IdentityToken: token ?? '', Status: 'Login Succeeded' });
}

/** The credentials that came with a request. @throws EngineError invalidParameter */
export function credentialsIn(request: ApiRequest): Credentials {
  const header = request.raw.headers['x-registry-auth'];
  return decodeRegistryAuth(Array.isArray(header) ? header[0] : header);
}
