import { WherryError } from '../../core/errors.ts';
import type { Exec } from '../../platform/exec.ts';
import * as z from 'zod';

export interface HelperCredentials {
  /** `<token>` for an identity token. */
  readonly Username: string;
  readonly Secret: string;
}

const answer = z.object({ Username: z.string(), Secret: z.string() });
/** docker-credential-helpers' word for "I have none". */
const NOT_FOUND = 'credentials not found in native keychain';

/**
 * A program that keeps credentials, `docker-credential-NAME` on PATH: what it is to do is its one argument, everything
 * else goes over stdin and stdout (docker-credential-helpers, README, "Usage").
 */
export class CredentialHelper {
  readonly #exec: Exec;
  readonly #program: string;
  readonly #signal: AbortSignal;

  /** @throws WherryError CREDENTIAL_HELPER for a name that is a path */
  constructor(exec: Exec, name: string, signal: AbortSignal) {
    if (!/^[\w.-]+$/.test(name)) {
      throw failure(`invalid name of a credential helper in docker's configuration: ${JSON.stringify(name)}`);
    }
    this.#exec = exec;
    this.#program = `docker-credential-${name}`;
    this.#signal = signal;
  }

  /** @returns undefined where it has none. @throws WherryError CREDENTIAL_HELPER, EXEC_NOT_FOUND */
  async get(server: string): Promise<HelperCredentials | undefined> {
    const { exitCode, stdout } = await this.#run('get', server);
    if (exitCode !== 0) {
      if (stdout.trim() === NOT_FOUND) return undefined;
      throw this.#failure('getting', exitCode, stdout);
    }
    let value: unknown;
    try {
      value = JSON.parse(stdout);
    } catch {
      throw failure(`error getting credentials - ${this.#program} answered with something else than JSON`);
    }
    const parsed = answer.safeParse(value);
    if (!parsed.success) throw failure(`error getting credentials - ${this.#program} left something out`);
    return parsed.data;
  }

  async store(server: string, credentials: HelperCredentials): Promise<void> {
    const { exitCode, stdout } = await this.#run(
      'store',
      JSON.stringify({ ServerURL: server, ...credentials }),
    );
    if (exitCode !== 0) throw this.#failure('storing', exitCode, stdout);
  }

  /** What isn't there is gone. */
  async erase(server: string): Promise<void> {
    const { exitCode, stdout } = await this.#run('erase', server);
    if (exitCode !== 0 && stdout.trim() !== NOT_FOUND) throw this.#failure('erasing', exitCode, stdout);
  }

  async #run(action: string, input: string) {
    return await this.#exec.run([this.#program, action], { input, signal: this.#signal });
  }

  /** The helper's own words, unless they could be credentials. */
  #failure(doing: string, exitCode: number | undefined, stdout: string): WherryError {
    const said = stdout.trim();
    const shown = said === '' || said.includes('{') ? '' : `, out: \`${said.split('\n')[0]}\``;
    return failure(
      `error ${doing} credentials - ${this.#program} failed with status ${exitCode ?? 'unknown'}${shown}`,
    );
  }
}

function failure(message: string): WherryError {
  return new WherryError({ code: 'CREDENTIAL_HELPER', message, bare: true });
}
