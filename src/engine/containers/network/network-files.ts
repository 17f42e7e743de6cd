import { readFile, stat, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import type { Endpoint, Sandbox } from '../../networks/contract.ts';
import { DEFAULT_NETWORK } from './wanted-networks.ts';

const LOCAL_HOSTS = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

export interface OwnNames {
  readonly hostname: string;
  readonly domainname: string;
}

/**
 * `/etc/hosts`: the local names, `--add-host`, links, and the container's own name at each of its addresses. On the VM's
 * own network, where the engine's resolver isn't asked, the user's computer too.
 *
 * @param added lines
 */
export function hostsFile(
  names: OwnNames,
  sandbox: Pick<Sandbox, 'netnsPath' | 'endpoints'>,
  added: readonly string[],
  hostAddress: string | undefined,
): string {
  const onHost = sandbox.netnsPath === undefined && hostAddress !== undefined;
  const host = onHost ? [`${hostAddress}\thost.docker.internal\n`] : [];
  return [LOCAL_HOSTS, ...added, ...host, ...ownLines(names, sandbox.endpoints)].join('');
}

function ownLines({ hostname, domainname }: OwnNames, endpoints: readonly Endpoint[]): string[] {
  const own = domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`;
  return endpoints
    .flatMap(({ ipv4, ipv6 }) => [ipv4, ...(ipv6 === undefined ? [] : [ipv6.address])])
    .map((address) => `${address}\t${own}\n`);
}

/**
 * Lines of /etc/hosts for `--add-host NAME:ADDRESS` (or `NAME=ADDRESS`). `host-gateway` is the user's computer.
 *
 * @throws EngineError invalidParameter
 */
export function extraHosts(entries: readonly string[], hostAddress: string | undefined): string[] {
  return entries.map((entry) => {
    const [name, target] = splitExtraHost(entry);
    const address = target === 'host-gateway' ? hostAddress : target;
    if (address === undefined) {
      throw invalid('unable to derive the IP value for host-gateway');
    }
    return `${address}\t${name}\n`;
  });
}

/** @throws EngineError invalidParameter in moby's words (opts/hosts.go, ValidateExtraHost) */
export function splitExtraHost(entry: string): [string, string] {
  const [, name, text] = /^([^:=\s]+)[:=](\S+)$/.exec(entry) ?? [];
  if (name === undefined || text === undefined) throw invalid(`bad format for add-host: "${entry}"`);
  const target = text.replace(/^\[(.*)\]$/, '$1');
  if (target !== 'host-gateway' && isIP(target) === 0) {
    throw invalid(`invalid IP address in add-host: "${target}"`);
  }
  return [name, target];
}

/**
 * `/etc/resolv.conf`; resolv.conf(5). On the default network `--dns` is written down as it is; on others the engine's
 * resolver is asked, for the names of neighbours, and it asks those.
 */
export function resolvFile(
  { endpoints, nameservers }: Pick<Sandbox, 'endpoints' | 'nameservers'>,
  options: Pick<HostConfig, 'Dns' | 'DnsSearch' | 'DnsOptions'>,
): string {
  const named = endpoints.some(({ networkName }) => networkName !== DEFAULT_NETWORK);
  const servers = options.Dns.length > 0 && !named ? options.Dns : nameservers;
  // Names of neighbours have no dot: they are tried as they are before any search domain, as Docker has it there.
  const tried = named && !options.DnsOptions.some((option) => option.startsWith('ndots:'));
  const words = [...options.DnsOptions, ...(tried ? ['ndots:0'] : [])];
  // `--dns-search .` is "none".
  const search = options.DnsSearch.filter((domain) => domain !== '.');
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(search.length > 0 ? [`search ${search.join(' ')}\n`] : []),
    ...(words.length > 0 ? [`options ${words.join(' ')}\n`] : []),
  ].join('');
}

const NAMES = ['hostname', 'hosts', 'resolv.conf'];

/** Writes the three files into `directory`. */
export async function writeNetworkFiles(
  directory: string,
  files: { readonly hostname: string; readonly hosts: string; readonly resolv: string },
): Promise<void> {
  const contents = { hostname: `${files.hostname}\n`, hosts: files.hosts, 'resolv.conf': files.resolv };
  await Promise.all(
    Object.entries(contents).map(([name, text]) => writeFile(join(directory, name), text, { mode: 0o644 })),
  );
}

/** Path in the container → file in `directory`. */
export const networkFilesIn = (directory: string): Record<string, string> =>
  Object.fromEntries(NAMES.map((name) => [`/etc/${name}`, join(directory, name)]));

/** What the container made of a file may be anything; more than this is left alone. */
const LARGEST = 1 << 20;

/**
 * Brings the files of a running container in line with its networks, in place: they are mounted. What the container, or
 * a user in it, has written into them stays.
 */
export async function updateNetworkFiles(
  directory: string,
  names: OwnNames,
  change: { readonly before: Sandbox; readonly after: Sandbox },
  options: Pick<HostConfig, 'Dns' | 'DnsSearch' | 'DnsOptions'>,
): Promise<void> {
  const { before, after } = change;
  const own = new Set(ownLines(names, before.endpoints));
  await edit(join(directory, 'hosts'), (text) => {
    const kept = text.split(/(?<=\n)/).filter((line) => !own.has(line));
    const added = ownLines(names, after.endpoints);
    const endsLine = kept.length === 0 || kept.at(-1)?.endsWith('\n') === true;
    return [...kept, ...(endsLine ? [] : ['\n']), ...added].join('');
  });
  await edit(join(directory, 'resolv.conf'), (text) =>
    text === resolvFile(before, options) ? resolvFile(after, options) : text,
  );
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  if ((await stat(path)).size > LARGEST) return;
  const text = await readFile(path, 'latin1');
  const changed = change(text);
  if (changed !== text) await writeFile(path, changed, 'latin1');
}
