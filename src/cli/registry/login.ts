import { text } from 'node:stream/consumers';
import { messageOf, WherryError } from '../../core/errors.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { askLine } from '../streams/ask.ts';
import type { Terminal } from '../streams/terminal.ts';
import type { AuthConfig, Credentials } from './credentials.ts';
import { INDEX_SERVER, serverKey } from './server-address.ts';

export interface LoginRequest {
  /** As typed; '' for Docker Hub. */
  readonly server: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

interface LoginAnswer {
  readonly Status?: string;
  readonly IdentityToken?: string;
}

const HUB_GREETING = `Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have a Docker ID, head over to https://hub.docker.com/ to create one.
You can log in with your password or a Personal Access Token (PAT). Using a limited-scope PAT grants better security and is required for organizations using SSO. Learn more at https://docs.docker.com/go/access-tokens/

`;

/**
 * Tries the credentials that are kept, else asks for some, has the engine try them at the registry, and keeps them: all
 * in docker's words.
 *
 * @throws EngineAnswerError where the registry refuses, WherryError LOGIN
 */
export async function login(
  engine: EngineClient,
  credentials: Credentials,
  request: LoginRequest,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const server = serverKey(request.server);
  const asks = request.username === undefined && request.password === undefined;
  const kept = asks ? await credentials.get(server) : undefined;
  if (kept?.username && kept.password) {
    terminal.stderr.write(`Authenticating with existing credentials... [Username: ${kept.username}]\n`);
    try {
      return await attempt(engine, credentials, kept, terminal);
    } catch (error) {
      if (!(error instanceof EngineAnswerError)) throw error;
      const refused = error.status === 401;
      terminal.stderr.write(
        refused
          ? 'Stored credentials invalid or expired\n'
          : `Login did not succeed, error: ${messageOf(error)}\n`,
      );
    }
  }
  const { username, password } = await ask(request, server, kept?.username, terminal, signal);
  return await attempt(engine, credentials, { username, password, serveraddress: server }, terminal);
}

async function attempt(
  engine: EngineClient,
  credentials: Credentials,
  auth: AuthConfig,
  terminal: Terminal,
): Promise<string> {
  const answer = await engine.json<LoginAnswer>('POST', '/auth', { body: auth });
  const token = answer.IdentityToken || undefined;
  const warning = await credentials
    .store(token === undefined ? auth : { ...auth, password: undefined, identitytoken: token })
    .catch((error: unknown) => {
      throw failure(`Error saving credentials: ${messageOf(error)}`, error);
    });
  if (warning !== undefined) terminal.stderr.write(`${warning}\n`);
  return answer.Status ?? 'Login Succeeded';
}

async function ask(
  request: LoginRequest,
  server: string,
  before: string | undefined,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ username: string; password: string }> {
  let { username, password } = request;
  if (password === undefined && !terminal.stdin.isTTY) {
    throw failure('Error: Cannot perform an interactive login from a non TTY device');
  }
  const streams = { input: terminal.stdin, output: terminal.stdout };
  if (username === undefined) {
    if (server === INDEX_SERVER) terminal.stdout.write(HUB_GREETING);
    const question = before === undefined ? 'Username: ' : `Username (${before}): `;
    const answer = await askLine(question, streams, { hidden: false, signal });
    username = answer?.trim() || before;
    if (username === undefined) throw failure('Error: Non-null Username Required');
  }
  if (password === undefined) {
    password = await askLine('Password: ', streams, { hidden: true, signal });
    if (!password) throw failure('Error: Password Required');
  }
  return { username, password };
}

/** A password from a pipe: one newline at its end is not part of it. */
export async function passwordFrom(stdin: NodeJS.ReadStream): Promise<string> {
  return (await text(stdin)).replace(/\r?\n$/, '');
}

function failure(message: string, cause?: unknown): WherryError {
  return new WherryError({ code: 'LOGIN', message, bare: true, cause });
}
