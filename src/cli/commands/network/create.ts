import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { ipamConfig } from '../../flags/ipam.ts';
import { repeated } from '../../flags/repeated.ts';

export default class NetworkCreate extends WherryCommand {
  static override description = 'Create a network';
  static override args = { network: Args.string({ required: true, description: 'the name' }) };
  static override flags = {
    attachable: Flags.boolean({ description: 'Enable manual container attachment', default: false }),
    'aux-address': Flags.string({
      description: 'Auxiliary IPv4 or IPv6 addresses used by Network driver',
      ...repeated,
    }),
    driver: Flags.string({ char: 'd', description: 'Driver to manage the Network', default: 'bridge' }),
    gateway: Flags.string({ description: 'IPv4 or IPv6 Gateway for the master subnet', ...repeated }),
    internal: Flags.boolean({ description: 'Restrict external access to the network', default: false }),
    'ip-range': Flags.string({ description: 'Allocate container ip from a sub-range', ...repeated }),
    ipv6: Flags.boolean({ description: 'Enable IPv6 networking', default: false }),
    label: Flags.string({ description: 'Set metadata on a network', ...repeated }),
    opt: Flags.string({ char: 'o', description: 'Set driver specific options', ...repeated }),
    subnet: Flags.string({
      description: 'Subnet in CIDR format that represents a network segment',
      ...repeated,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkCreate);
    const config = ipamConfig({
      subnets: flags.subnet ?? [],
      ranges: flags['ip-range'] ?? [],
      gateways: flags.gateway ?? [],
      auxAddresses: pairs(flags['aux-address']),
    });
    const { Id } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ Id: string }>('POST', '/networks/create', {
        body: {
          Name: args.network,
          Driver: flags.driver,
          IPAM: { Driver: 'default', Config: config },
          Internal: flags.internal,
          Attachable: flags.attachable,
          ...(flags.ipv6 ? { EnableIPv6: true } : {}),
          Options: pairs(flags.opt),
          Labels: pairs(flags.label),
        },
      }),
    );
    this.print(Id);
  }
}

function pairs(entries: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (entries ?? []).map((entry) => {
      const [key = '', ...value] = entry.split('=');
      return [key, value.join('=')];
    }),
  );
}
