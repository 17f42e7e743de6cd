import * as z from 'zod';
import { invalid } from '../../errors.ts';

/** What a client sends in `X-Registry-Auth` (Docker Engine API v1.51, "Authentication"). */
export const registryAuth = z.object({
  username: z.string().optional(),
  password: z.string().optional(),
  /** `base64(username:password)`, in place of the two. */
  auth: z.string().optional(),
  serveraddress: z.string().optional(),
  /** An OAuth2 refresh token. */
  identitytoken: z.string().optional(),
  /** A bearer token, to be sent as it is. */
  registrytoken: z.string().optional(),
});

export interface Credentials {
  readonly basic?: string | undefined;
  readonly identityToken?: string | undefined;
  readonly registryToken?: string | undefined;
}

/**
 * Decodes `X-Registry-Auth`: base64url or base64 of JSON, `{}` for none.
 *
 * @throws EngineError invalidParameter; the header's content is never in the message
 */
export function decodeRegistryAuth(header: string | undefined): Credentials {
  if (header === undefined || header === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch {
    throw invalid('invalid X-Registry-Auth header: it is not base64url-encoded JSON');
  }
  const parsed = registryAuth.safeParse(value ?? {});
  if (!parsed.success) throw invalid('invalid X-Registry-Auth header: a field has the wrong type');
  return credentialsOf(parsed.data);
}

export function credentialsOf(given: z.infer<typeof registryAuth>): Credentials {
  const { username, password, auth, identitytoken, registrytoken } = given;
  return {
    basic: username
      ? Buffer.from(`${username}:${password ?? ''}`, 'utf8').toString('base64')
      : auth || undefined,
    identityToken: identitytoken || undefined,
    registryToken: registrytoken || undefined,
  };
}
