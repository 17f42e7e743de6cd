import { Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { hostCpu } from '../cpu-features.ts';
import { renderInfo, type ServerInfo } from '../render/info.ts';
import { compileTemplate } from '../render/template/execute.ts';

export default class Info extends WherryCommand {
  static override description =
    'Display system-wide information: this computer, the machine, the engine in it';
  static override flags = { format: Flags.string({ char: 'f', description: "'json' or a Go template" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Info);
    const host = await this.host();
    const server = await this.withEngine(flags.machine, (engine) => engine.json<ServerInfo>('GET', '/info'));
    const client = {
      version: this.config.version,
      cpu: hostCpu(),
      machine: await host.machineFacts(flags.machine),
    };
    if (flags.format === undefined || flags.format === '') this.print(renderInfo(client, server));
    else {
      const report = { ...server, ClientInfo: client };
      this.print(flags.format === 'json' ? JSON.stringify(report) : compileTemplate(flags.format)(report));
    }
  }
}
