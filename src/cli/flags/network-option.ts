import { invalidArgument } from './invalid-argument.ts';

/** EndpointSettings of the Engine API: what a user can ask for. */
export interface EndpointBody {
  readonly Aliases?: readonly string[];
  readonly IPAMConfig?: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
    readonly LinkLocalIPs?: readonly string[];
  };
  readonly MacAddress?: string;
  readonly Links?: readonly string[];
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly GwPriority?: number;
}

export interface NetworkOption {
  readonly name: string;
  readonly endpoint: EndpointBody;
}

/** `--network NAME`, or `--network name=NAME,alias=…,ip=…`. @throws WherryError in docker's words */
export function parseNetworkOption(text: string): NetworkOption {
  if (!text.includes('=')) return { name: text, endpoint: {} };
  const bad = (reason: string): Error => invalidArgument(text, '--network', reason);
  const fields = text.split(',').map((field): [string, string] => {
    const equals = field.indexOf('=');
    if (equals < 0) throw bad(`invalid field ${field}`);
    return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim()];
  });
  const unknown = fields.find(([key]) => !FIELDS.includes(key));
  if (unknown !== undefined) throw bad(`invalid field key ${unknown[0]}`);
  const last = (key: string): string | undefined => fields.findLast(([name]) => name === key)?.[1];
  const every = (key: string): string[] => fields.flatMap(([name, value]) => (name === key ? [value] : []));
  const name = last('name') ?? '';
  if (name === '') throw bad('network name/id is not specified');
  const priority = last('gw-priority');
  if (priority !== undefined && !/^-?\d+$/.test(priority)) {
    throw bad(`invalid gw-priority (${priority}): invalid syntax`);
  }
  return {
    name,
    endpoint: endpointBody({
      aliases: every('alias'),
      ipv4: last('ip'),
      ipv6: last('ip6'),
      macAddress: last('mac-address'),
      linkLocal: every('link-local-ip'),
      driverOptions: every('driver-opt'),
      priority: priority === undefined ? undefined : Number(priority),
      badOption: () => bad('invalid key value pair format in driver options'),
    }),
  };
}

const FIELDS: readonly string[] = [
  'name',
  'alias',
  'ip',
  'ip6',
  'mac-address',
  'link-local-ip',
  'driver-opt',
  'gw-priority',
];

/** Only what was given. */
export function endpointBody(wanted: {
  readonly aliases: readonly string[];
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly macAddress?: string | undefined;
  readonly links?: readonly string[];
  readonly linkLocal: readonly string[];
  readonly driverOptions: readonly string[];
  readonly priority: number | undefined;
  /** The error for an option that is no KEY=VALUE. */
  readonly badOption: () => Error;
}): EndpointBody {
  const { aliases, ipv4, ipv6, macAddress, links = [], linkLocal, driverOptions, priority } = wanted;
  const addresses = {
    ...(ipv4 === undefined ? {} : { IPv4Address: ipv4 }),
    ...(ipv6 === undefined ? {} : { IPv6Address: ipv6 }),
    ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
  };
  const options = driverOptions.map((option) => {
    const equals = option.indexOf('=');
    if (equals <= 0) throw wanted.badOption();
    return [option.slice(0, equals).trim(), option.slice(equals + 1).trim()] as const;
  });
  return {
    ...(aliases.length === 0 ? {} : { Aliases: aliases }),
    ...(Object.keys(addresses).length === 0 ? {} : { IPAMConfig: addresses }),
    ...(macAddress === undefined ? {} : { MacAddress: macAddress }),
    ...(links.length === 0 ? {} : { Links: links }),
    ...(options.length === 0 ? {} : { DriverOpts: Object.fromEntries(options) }),
    ...(priority === undefined ? {} : { GwPriority: priority }),
  };
}
