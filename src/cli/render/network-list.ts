import type { NetworkResource } from '../../protocol/docker/networks.ts';
import type { ListFormat } from './format.ts';

export const NETWORK_LIST: ListFormat = {
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  headings: { ID: 'NETWORK ID', CreatedAt: 'CREATED AT' },
};

/** In docker's order: by name, numbers in it by their value. */
export function networkRows(
  networks: readonly NetworkResource[],
  truncate: boolean,
): Record<string, unknown>[] {
  const collator = new Intl.Collator('en', { numeric: true });
  return [...networks]
    .sort((a, b) => collator.compare(a.Name, b.Name))
    .map((network) => ({
      CreatedAt: createdAt(network.Created),
      Driver: network.Driver,
      ID: truncate ? network.Id.slice(0, 12) : network.Id,
      IPv4: String(network.EnableIPv4),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Labels: Object.entries(network.Labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      Name: network.Name,
      Scope: network.Scope,
    }));
}

/** As Go prints a time, from one with milliseconds: `2026-11-21 21:36:50.872 +0000 UTC`. */
function createdAt(text: string): string {
  const [date = '', time = ''] = text.replace(/Z$/, '').split('T');
  return `${date} ${time.replace(/\.?0+$/, '')} +0000 UTC`;
}
