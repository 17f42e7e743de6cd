import { Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { renderVersion, type ServerVersion } from '../render/version.ts';
import { hostArch } from '../../core/arch.ts';

export default class Version extends WherryCommand {
  static override description = "Show Wherry's version, and which Linux its engine runs on";
  static override flags = {
    format: Flags.string({
      char: 'f',
      description: "'json' or a Go template, e.g. {{.Server.Os}}/{{.Server.Arch}}",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    const host = await this.host();
    const client = {
      Version: this.config.version,
      ApiVersion: '1.51',
      NodeVersion: process.versions.node,
      Os: process.platform === 'win32' ? 'windows' : process.platform,
      Arch: hostArch() ?? process.arch,
      Machine: host.machineName(flags.machine),
    };
    let unreachable: unknown;
    const server = await this.withEngine(flags.machine, (engine) =>
      engine.json<ServerVersion>('GET', '/version'),
    ).catch((error: unknown) => {
      unreachable = error;
      return undefined;
    });
    // docker's way: the client's half is always shown, then the reason why the server's is missing.
    if (server || flags.format === undefined || flags.format === 'json') {
      this.print(renderVersion({ Client: client, Server: server }, flags.format));
    }
    if (unreachable !== undefined) throw unreachable;
  }
}
