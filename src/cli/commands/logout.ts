import { Args } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { systemCredentials } from '../registry/credentials.ts';
import { logout } from '../registry/logout.ts';

export default class Logout extends WherryCommand {
  static override description = 'Log out from a registry. Without a server: Docker Hub.';
  static override usage = 'logout [SERVER]';
  static override args = { server: Args.string({ description: 'HOST[:PORT]' }) };

  async run(): Promise<void> {
    const { args } = await this.parse(Logout);
    await logout(systemCredentials(this.signal), args.server ?? '', this.terminal);
  }
}
