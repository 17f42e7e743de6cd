import { Args, Flags } from '@oclif/core';
import { WherryCommand, usage } from '../../base-command.ts';
import { apiPath } from '../../engine-client/api-path.ts';
import { endpointBody } from '../../flags/network-option.ts';
import { checkLink } from '../../flags/networks.ts';
import { repeated } from '../../flags/repeated.ts';

export default class NetworkConnect extends WherryCommand {
  static override description = 'Connect a container to a network';
  static override args = {
    network: Args.string({ required: true, description: 'the network' }),
    container: Args.string({ required: true, description: 'the container, running or not' }),
  };
  static override flags = {
    alias: Flags.string({ description: 'Add network-scoped alias for the container', ...repeated }),
    'driver-opt': Flags.string({ description: 'driver options for the network', ...repeated }),
    'gw-priority': Flags.integer({
      description: 'Highest gw-priority provides the default gateway. Accepts positive and negative values',
    }),
    ip: Flags.string({ description: 'IPv4 address (e.g., "172.30.100.104")' }),
    ip6: Flags.string({ description: 'IPv6 address (e.g., "2001:db8::33")' }),
    link: Flags.string({ description: 'Add link to another container', ...repeated }),
    'link-local-ip': Flags.string({ description: 'Add a link-local address for the container', ...repeated }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkConnect);
    for (const link of flags.link ?? []) checkLink(link);
    const endpoint = endpointBody({
      aliases: flags.alias ?? [],
      ipv4: flags.ip,
      ipv6: flags.ip6,
      links: flags.link ?? [],
      linkLocal: flags['link-local-ip'] ?? [],
      driverOptions: flags['driver-opt'] ?? [],
      priority: flags['gw-priority'],
      badOption: () => usage('invalid key/value pair format in driver options', undefined, 1),
    });
    await this.withEngine(flags.machine, (engine) =>
      engine.json('POST', apiPath`/networks/${args.network}/connect`, {
        body: { Container: args.container, EndpointConfig: endpoint },
      }),
    );
  }
}
