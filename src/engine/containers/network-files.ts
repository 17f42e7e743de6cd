import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostConfig } from '../../protocol/docker/container-config.ts';
import { invalid } from '../errors.ts';
import type { Sandbox } from '../networks/contract.ts';

const LOCAL_HOSTS = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** `/etc/hosts`: the local names, `--add-host`, and the container's own name at each of its addresses. */
export function hostsFile(
  hostname: string,
  domainname: string,
  sandbox: Sandbox,
  extra: readonly string[],
): string {
  const own = domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`;
  const gateway = sandbox.endpoints[0]?.gateway;
  const added = extra.map((entry) => extraHost(entry, gateway));
  return [LOCAL_HOSTS, ...added, ...sandbox.endpoints.map(({ ipv4 }) => `${ipv4}\t${own}\n`)].join('');
}

/** `NAME:ADDRESS` or `NAME=ADDRESS`; the address `host-gateway` is the bridge's own. @throws EngineError */
function extraHost(entry: string, gateway: string | undefined): string {
  const [, name, target] = /^([^:=\s]+)[:=](\S+)$/.exec(entry) ?? [];
  if (name === undefined || target === undefined) throw invalid(`bad format for add-host: "${entry}"`);
  const address = target === 'host-gateway' ? gateway : target;
  if (address === undefined) {
    throw invalid('unable to derive the IP value for host-gateway');
  }
  return `${address}\t${name}\n`;
}

/** `/etc/resolv.conf`; resolv.conf(5). */
export function resolvFile(
  nameservers: readonly string[],
  options: Pick<HostConfig, 'Dns' | 'DnsSearch' | 'DnsOptions'>,
): string {
  const servers = options.Dns.length > 0 ? options.Dns : nameservers;
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(options.DnsSearch.length > 0 ? [`search ${options.DnsSearch.join(' ')}\n`] : []),
    ...(options.DnsOptions.length > 0 ? [`options ${options.DnsOptions.join(' ')}\n`] : []),
  ].join('');
}

/** Writes the three files into `directory`; returns where each belongs in the container. */
export async function writeNetworkFiles(
  directory: string,
  files: { readonly hostname: string; readonly hosts: string; readonly resolv: string },
): Promise<Record<string, string>> {
  const contents = { hostname: `${files.hostname}\n`, hosts: files.hosts, 'resolv.conf': files.resolv };
  await Promise.all(
    Object.entries(contents).map(([name, text]) => writeFile(join(directory, name), text, { mode: 0o644 })),
  );
  return Object.fromEntries(Object.keys(contents).map((name) => [`/etc/${name}`, join(directory, name)]));
}
