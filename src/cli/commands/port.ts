import { apiPath } from '../engine-client/api-path.ts';
import { WherryError } from '../../core/errors.ts';
import { WherryCommand, usage } from '../base-command.ts';
import type { HostPortBinding } from '../flags/publish.ts';

type Ports = Readonly<Record<string, readonly HostPortBinding[] | null>>;

export default class Port extends WherryCommand {
  static override description = 'List port mappings or a specific mapping for the container';
  static override usage = 'port CONTAINER [PRIVATE_PORT[/PROTO]]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Port);
    const [container, wanted, ...rest] = argv as string[];
    if (container === undefined || rest.length > 0) {
      throw usage(
        '"wherry port" requires at least 1 and at most 2 arguments.',
        'See:  wherry port --help',
        1,
      );
    }
    const ports = await this.withEngine(flags.machine, async (engine) => {
      const found = await engine.json<{ NetworkSettings: { Ports: Ports } }>(
        'GET',
        apiPath`/containers/${container}/json`,
      );
      return found.NetworkSettings.Ports;
    });
    this.print(...(wanted === undefined ? allPorts(ports) : onePort(ports, wanted, container)));
  }
}

function allPorts(ports: Ports): string[] {
  return Object.entries(ports)
    .toSorted(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1))
    .flatMap(([port, bindings]) => (bindings ?? []).map((binding) => `${port} -> ${address(binding)}`));
}

function onePort(ports: Ports, wanted: string, container: string): string[] {
  const port = wanted.includes('/') ? wanted : `${wanted}/tcp`;
  const bindings = ports[port] ?? [];
  if (bindings.length === 0) {
    throw new WherryError({
      code: 'NO_PUBLIC_PORT',
      message: `No public port '${wanted}' published for ${container}`,
    });
  }
  return bindings.map(address);
}

function address({ HostIp, HostPort }: HostPortBinding): string {
  return `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
}
