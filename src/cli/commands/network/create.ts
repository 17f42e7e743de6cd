import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';

export default class NetworkCreate extends WherryCommand {
  static override description = 'Create a network';
  static override args = { network: Args.string({ required: true, description: 'the name' }) };
  static override flags = {
    driver: Flags.string({ char: 'd', description: 'Driver to manage the network', default: 'bridge' }),
    subnet: Flags.string({ description: 'Subnet in CIDR format that represents a network segment' }),
    gateway: Flags.string({ description: 'IPv4 gateway for the subnet' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkCreate);
    const range = { Subnet: flags.subnet, Gateway: flags.gateway };
    const isDefault = flags.subnet === undefined && flags.gateway === undefined;
    const { Id } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ Id: string }>('POST', '/networks/create', {
        body: {
          Name: args.network,
          Driver: flags.driver,
          ...(isDefault ? {} : { IPAM: { Driver: 'default', Config: [range] } }),
        },
      }),
    );
    this.print(Id);
  }
}
