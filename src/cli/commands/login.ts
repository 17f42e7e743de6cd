import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { WherryError } from '../../core/errors.ts';
import { systemCredentials } from '../registry/credentials.ts';
import { login, passwordFrom } from '../registry/login.ts';

export default class Login extends WherryCommand {
  static override description =
    'Log in to a registry: the credentials are kept where docker keeps them, for both clients. Without a server: Docker Hub.';
  static override usage = 'login [OPTIONS] [SERVER]';
  static override args = { server: Args.string({ description: 'HOST[:PORT]' }) };
  static override flags = {
    username: Flags.string({ char: 'u', description: 'Username' }),
    password: Flags.string({ char: 'p', description: 'Password' }),
    'password-stdin': Flags.boolean({ description: 'Take the password from stdin', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Login);
    const { stdin, stderr } = this.terminal;
    const username = flags.username || undefined;
    let password = flags.password || undefined;
    if (password !== undefined) {
      stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
      if (flags['password-stdin']) throw refused('--password and --password-stdin are mutually exclusive');
    }
    if (flags['password-stdin']) {
      if (username === undefined) throw refused('Must provide --username with --password-stdin');
      password = await passwordFrom(stdin);
    }
    const request = { server: args.server ?? '', username, password };
    const status = await this.withEngine(flags.machine, (engine) =>
      login(engine, systemCredentials(this.signal), request, this.terminal, this.signal),
    );
    this.print(status);
  }
}

const refused = (message: string): WherryError => new WherryError({ code: 'USAGE', message, bare: true });
