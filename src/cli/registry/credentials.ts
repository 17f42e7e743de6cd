import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { systemErrorCode } from '../../core/errors.ts';
import { systemExec, type Exec } from '../../platform/exec.ts';
import { CredentialHelper } from './credential-helper.ts';
import { dockerConfigPath, readDockerConfig, writeDockerConfig, type AuthEntry } from './docker-config.ts';
import { hostOf } from './server-address.ts';

/** What docker sends as `X-Registry-Auth` and to `POST /auth` (Docker Engine API v1.51, AuthConfig). */
export interface AuthConfig {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly registrytoken?: string | undefined;
  readonly serveraddress: string;
}

export interface CredentialPorts {
  readonly exec: Exec;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly signal: AbortSignal;
}

/** The user name that stands for "the secret is an identity token" in helpers. */
const TOKEN_USER = '<token>';

export const systemCredentials = (signal: AbortSignal): Credentials =>
  new Credentials({
    exec: systemExec,
    env: process.env,
    home: homedir(),
    platform: process.platform,
    signal,
  });

/**
 * The user's credentials for registries, where docker keeps them: in helper programs that its configuration names, or in
 * that file itself. Both clients see the same. Each call reads the file anew.
 */
export class Credentials {
  readonly #ports: CredentialPorts;
  readonly #path: string;

  constructor(ports: CredentialPorts) {
    this.#ports = ports;
    this.#path = dockerConfigPath(ports.env, ports.home);
  }

  /** @throws WherryError DOCKER_CONFIG_BROKEN, CREDENTIAL_HELPER, EXEC_NOT_FOUND */
  async get(server: string): Promise<AuthConfig | undefined> {
    const config = await readDockerConfig(this.#path);
    const helper = this.#helper(config.credHelpers[server] ?? config.credsStore);
    if (helper !== undefined) {
      const found = await helper.get(server);
      if (found === undefined) return undefined;
      return found.Username === TOKEN_USER
        ? { identitytoken: found.Secret, serveraddress: server }
        : { username: found.Username, password: found.Secret, serveraddress: server };
    }
    const kept =
      config.auths[server] ?? Object.entries(config.auths).find(([key]) => hostOf(key) === server)?.[1];
    return kept === undefined ? undefined : fromEntry(kept, server);
  }

  /** @returns what is to be said to the user if the password has come into a file now */
  async store(auth: AuthConfig): Promise<string | undefined> {
    const config = await readDockerConfig(this.#path);
    const server = auth.serveraddress;
    const untouched =
      config.credsStore === undefined &&
      Object.keys(config.credHelpers).length + Object.keys(config.auths).length === 0;
    // docker's way: the platform's own helper where there is one, for a configuration that never had credentials.
    const credsStore = config.credsStore ?? (untouched ? this.#platformHelper() : undefined);
    const helper = this.#helper(config.credHelpers[server] ?? credsStore);
    const token = auth.identitytoken || undefined;
    if (helper !== undefined) {
      const Username = token === undefined ? (auth.username ?? '') : TOKEN_USER;
      await helper.store(server, { Username, Secret: token ?? auth.password ?? '' });
    }
    const entry = helper === undefined ? toEntry(auth) : {};
    if (isDeepStrictEqual(config.auths[server], entry)) return undefined;
    await writeDockerConfig(config, {
      auths: { ...config.auths, [server]: entry },
      ...(credsStore === undefined ? {} : { credsStore }),
    });
    return helper === undefined && token === undefined ? unencrypted(this.#path) : undefined;
  }

  async erase(server: string): Promise<void> {
    const config = await readDockerConfig(this.#path);
    await this.#helper(config.credHelpers[server] ?? config.credsStore)?.erase(server);
    if (!Object.hasOwn(config.auths, server)) return;
    const { [server]: _gone, ...auths } = config.auths;
    await writeDockerConfig(config, { auths });
  }

  #helper(name: string | undefined): CredentialHelper | undefined {
    // An empty name takes one registry out of `credsStore`.
    return name === undefined || name === ''
      ? undefined
      : new CredentialHelper(this.#ports.exec, name, this.#ports.signal);
  }

  #platformHelper(): string | undefined {
    const { platform, env } = this.#ports;
    if (platform === 'darwin')
      return this.#onPath('docker-credential-osxkeychain') ? 'osxkeychain' : undefined;
    if (platform === 'win32') return this.#onPath('docker-credential-wincred.exe') ? 'wincred' : undefined;
    const name = this.#onPath('pass') ? 'pass' : 'secretservice';
    return env['PATH'] !== undefined && this.#onPath(`docker-credential-${name}`) ? name : undefined;
  }

  #onPath(program: string): boolean {
    const { env } = this.#ports;
    const directories = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((one) => one !== '');
    return directories.some((directory) => {
      try {
        accessSync(join(directory, program), constants.X_OK);
        return true;
      } catch (error) {
        if (systemErrorCode(error) !== undefined) return false;
        throw error;
      }
    });
  }
}

function fromEntry(entry: AuthEntry, server: string): AuthConfig {
  const { auth, identitytoken, registrytoken } = entry;
  let { username, password } = entry;
  if (auth !== undefined && auth !== '') {
    const decoded = Buffer.from(auth, 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    username = colon === -1 ? decoded : decoded.slice(0, colon);
    // Old clients ended it with NUL bytes.
    password = colon === -1 ? '' : decoded.slice(colon + 1).replace(/\0+$/, '');
  }
  return { username, password, identitytoken, registrytoken, serveraddress: server };
}

function toEntry({ username = '', password = '', identitytoken }: AuthConfig): AuthEntry {
  const token = identitytoken || undefined;
  // Beside an identity token docker keeps the name, without the password.
  const secret = token === undefined ? password : '';
  return {
    auth: Buffer.from(`${username}:${secret}`, 'utf8').toString('base64'),
    ...(token === undefined ? {} : { identitytoken: token }),
  };
}

const unencrypted = (path: string): string =>
  [
    '',
    `WARNING! Your credentials are stored unencrypted in '${path}'.`,
    'Configure a credential helper to remove this warning. See',
    'https://docs.docker.com/go/credential-store/',
    '',
  ].join('\n');
