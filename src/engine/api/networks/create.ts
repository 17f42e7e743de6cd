import { networkCreate } from '../../../protocol/docker/networks.ts';
import type { NetworkCreate } from '../../../protocol/docker/networks.ts';
import { EngineError, invalid, notImplemented } from '../../errors.ts';
import type { NewNetwork } from '../../networks/networks.ts';
import type { AddressWishes } from '../../networks/plan-network.ts';

/**
 * What a body of `POST /networks/create` asks for.
 *
 * @throws EngineError invalidParameter, forbidden; notImplemented naming the first field that asks for something not
 *   built
 */
export function parseNetworkCreate(body: unknown): NewNetwork {
  const parsed = networkCreate.safeParse(body);
  if (!parsed.success)
    throw invalid(`invalid network: ${parsed.error.issues[0]?.message ?? 'no JSON object'}`);
  const wanted = parsed.data;
  refuseDriver(wanted.Driver || 'bridge');
  if (wanted.EnableIPv4 === false) throw refused('EnableIPv4=false');
  refuseOthers(wanted, Object.keys(networkCreate.shape), '');
  const { v4, v6 } = addressConfig(wanted.IPAM);
  if (v6 !== undefined && wanted.EnableIPv6 !== true) {
    throw invalid(`invalid network config:\nsubnet ${v6.subnet ?? ''} needs IPv6 to be enabled`);
  }
  return {
    name: wanted.Name,
    labels: wanted.Labels ?? {},
    ipv4: v4,
    ipv6: wanted.EnableIPv6 === true ? (v6 ?? {}) : undefined,
    internal: wanted.Internal ?? false,
    attachable: wanted.Attachable ?? false,
    options: wanted.Options ?? {},
  };
}

function refuseDriver(driver: string): void {
  if (driver === 'host') {
    throw new EngineError('forbidden', 'only one instance of "host" network is allowed');
  }
  if (driver === 'null' || driver === 'none') {
    throw new EngineError('forbidden', 'only one instance of "null" network is allowed');
  }
  if (driver !== 'bridge') throw notImplemented(`network driver ${driver} is not implemented by Wherry yet`);
}

function addressConfig(ipam: NetworkCreate['IPAM']): {
  readonly v4: AddressWishes | undefined;
  readonly v6: AddressWishes | undefined;
} {
  if (!ipam) return { v4: undefined, v6: undefined };
  if (ipam.Driver && ipam.Driver !== 'default') throw refused('IPAM.Driver');
  if (Object.keys(ipam.Options ?? {}).length > 0) throw refused('IPAM.Options');
  refuseOthers(ipam, ['Driver', 'Options', 'Config'], 'IPAM.');
  const configs = (ipam.Config ?? []).map((config) => {
    refuseOthers(config, ['Subnet', 'Gateway', 'IPRange', 'AuxiliaryAddresses'], 'IPAM.Config.');
    return {
      subnet: config.Subnet || undefined,
      gateway: config.Gateway || undefined,
      ipRange: config.IPRange || undefined,
      auxAddresses: config.AuxiliaryAddresses ?? undefined,
    };
  });
  return { v4: only(configs.filter((config) => !isSix(config))), v6: only(configs.filter(isSix)) };
}

const isSix = ({ subnet, gateway, ipRange }: AddressWishes): boolean =>
  (subnet ?? gateway ?? ipRange ?? '').includes(':');

function only(configs: readonly AddressWishes[]): AddressWishes | undefined {
  const [first, second] = configs;
  if (second !== undefined) throw invalid('bridge driver doesnt support multiple subnets');
  return first;
}

/** Clients send every field there is; only one with a value of its own asks for something. */
function refuseOthers(
  fields: Readonly<Record<string, unknown>>,
  known: readonly string[],
  where: string,
): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!known.includes(name) && !isEmpty(value)) throw refused(`${where}${name}`);
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

const refused = (field: string) => notImplemented(`network option ${field} is not implemented by Wherry yet`);
