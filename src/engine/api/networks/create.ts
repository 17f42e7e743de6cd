import { networkCreate } from '../../../protocol/docker/networks.ts';
import type { NetworkCreate } from '../../../protocol/docker/networks.ts';
import { invalid, notImplemented } from '../../errors.ts';
import type { NewNetwork } from '../../networks/networks.ts';

/**
 * What a body of `POST /networks/create` asks for.
 *
 * @throws EngineError invalidParameter; notImplemented naming the first field that asks for something not built
 */
export function parseNetworkCreate(body: unknown): NewNetwork {
  const parsed = networkCreate.safeParse(body);
  if (!parsed.success)
    throw invalid(`invalid network: ${parsed.error.issues[0]?.message ?? 'no JSON object'}`);
  const wanted = parsed.data;
  if (wanted.Driver && wanted.Driver !== 'bridge') {
    throw notImplemented(`network driver ${wanted.Driver} is not implemented by Wherry yet`);
  }
  if (wanted.EnableIPv4 === false) throw refused('EnableIPv4');
  refuseOthers(wanted, Object.keys(networkCreate.shape), '');
  const config = addressConfig(wanted.IPAM);
  return { name: wanted.Name, labels: wanted.Labels ?? {}, subnet: config?.Subnet, gateway: config?.Gateway };
}

function addressConfig(
  ipam: NetworkCreate['IPAM'],
): { readonly Subnet?: string | undefined; readonly Gateway?: string | undefined } | undefined {
  if (!ipam) return undefined;
  if (ipam.Driver && ipam.Driver !== 'default') throw refused('IPAM.Driver');
  if (Object.keys(ipam.Options ?? {}).length > 0) throw refused('IPAM.Options');
  refuseOthers(ipam, ['Driver', 'Options', 'Config'], 'IPAM.');
  const [first, second] = ipam.Config ?? [];
  if (second !== undefined) throw refused('IPAM.Config with several subnets');
  if (first !== undefined) refuseOthers(first, ['Subnet', 'Gateway'], 'IPAM.Config.');
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
