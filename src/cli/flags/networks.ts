import { isIP } from 'node:net';
import { Flags } from '@oclif/core';
import { usage } from '../base-command.ts';
import { invalidArgument } from './invalid-argument.ts';
import { parseNetworkOption } from './network-option.ts';
import type { EndpointBody, NetworkOption } from './network-option.ts';
import { repeated } from './repeated.ts';
import type { FlagValues } from './flag-values.ts';

/** Flags of `run` and `create` about a container's networks and names, with docker's help. */
export const networkFlags = {
  network: Flags.string({
    description: 'Connect a container to a network (bridge, none, host, container:NAME, or one of your own)',
    aliases: ['net'],
    ...repeated,
  }),
  'network-alias': Flags.string({
    description: 'Add network-scoped alias for the container',
    aliases: ['net-alias'],
    ...repeated,
  }),
  ip: Flags.string({ description: 'IPv4 address (e.g., 172.30.100.104)' }),
  ip6: Flags.string({ description: 'IPv6 address (e.g., 2001:db8::33)' }),
  'mac-address': Flags.string({ description: 'Container MAC address (e.g., 92:d0:c6:0a:29:33)' }),
  link: Flags.string({ description: 'Add link to another container', ...repeated }),
  'add-host': Flags.string({
    description: 'Add a custom host-to-IP mapping (host:ip); host-gateway is this computer',
    ...repeated,
  }),
  dns: Flags.string({ description: 'Set custom DNS servers', ...repeated }),
  'dns-search': Flags.string({ description: 'Set custom DNS search domains', ...repeated }),
  'dns-option': Flags.string({ description: 'Set DNS options', aliases: ['dns-opt'], ...repeated }),
};

export type NetworkFlags = FlagValues<typeof networkFlags>;

export interface NetworkFields {
  readonly config: { readonly MacAddress?: string };
  readonly host: { readonly NetworkMode: string } & Readonly<Record<string, unknown>>;
  /** Undefined: the network mode says it all. */
  readonly networking: { readonly EndpointsConfig: Readonly<Record<string, EndpointBody>> } | undefined;
}

/**
 * Their fields of a create request: only those that were given.
 *
 * @param options driver options of the first network, beside those that it names itself
 * @throws WherryError in docker's words
 */
export function networkFields(
  flags: NetworkFlags,
  options?: Readonly<Record<string, string>>,
): NetworkFields {
  for (const link of flags.link ?? []) checkLink(link);
  const [first = { name: 'default', endpoint: {} }, ...others] = (flags.network ?? []).map(
    parseNetworkOption,
  );
  const main = { name: first.name, endpoint: withOptions(withContainerFlags(first, flags), options) };
  const all = [main, ...others];
  checkTogether(all);
  const mac = flags['mac-address'];
  const given = all.filter(({ endpoint }) => Object.keys(endpoint).length > 0 || all.length > 1);
  const hosts = flags['add-host']?.map(extraHost);
  const dns = flags.dns?.map(dnsServer);
  const search = flags['dns-search']?.map(searchDomain);
  return {
    config: mac === undefined ? {} : { MacAddress: mac },
    host: {
      NetworkMode: first.name,
      ...(flags.link === undefined ? {} : { Links: flags.link }),
      ...(hosts === undefined ? {} : { ExtraHosts: hosts }),
      ...(dns === undefined ? {} : { Dns: dns }),
      ...(search === undefined ? {} : { DnsSearch: search }),
      ...(flags['dns-option'] === undefined ? {} : { DnsOptions: flags['dns-option'] }),
    },
    networking:
      given.length === 0
        ? undefined
        : { EndpointsConfig: Object.fromEntries(given.map(({ name, endpoint }) => [name, endpoint])) },
  };
}

const conflict = (flag: string, what: string): Error =>
  usage(`conflicting options: cannot specify both ${flag} and per-network ${what}`);

/** `--ip` and so on are about the first network. */
function withContainerFlags({ name, endpoint }: NetworkOption, flags: NetworkFlags): EndpointBody {
  const { 'network-alias': aliases, ip, ip6, 'mac-address': mac } = flags;
  if (aliases !== undefined && endpoint.Aliases !== undefined) throw conflict('--network-alias', 'alias');
  if (ip !== undefined && endpoint.IPAMConfig?.IPv4Address !== undefined) {
    throw conflict('--ip', 'IPv4 address');
  }
  if (ip6 !== undefined && endpoint.IPAMConfig?.IPv6Address !== undefined) {
    throw conflict('--ip6', 'IPv6 address');
  }
  if (mac !== undefined && endpoint.MacAddress !== undefined) throw conflict('--mac-address', 'MAC address');
  if (mac !== undefined) checkMac(mac);
  const addresses = {
    ...endpoint.IPAMConfig,
    ...(ip === undefined ? {} : { IPv4Address: ip }),
    ...(ip6 === undefined ? {} : { IPv6Address: ip6 }),
  };
  return {
    ...endpoint,
    ...(aliases === undefined ? {} : { Aliases: aliases }),
    ...(Object.keys(addresses).length === 0 ? {} : { IPAMConfig: addresses }),
    ...(mac === undefined ? {} : { MacAddress: mac }),
    // On the default network links are the container's own affair.
    ...(flags.link === undefined || isPredefined(name) ? {} : { Links: flags.link }),
  };
}

const withOptions = (endpoint: EndpointBody, options: EndpointBody['DriverOpts']): EndpointBody =>
  options === undefined ? endpoint : { ...endpoint, DriverOpts: { ...endpoint.DriverOpts, ...options } };

const isPredefined = (name: string): boolean =>
  ['default', 'bridge', 'host', 'none'].includes(name) || name.startsWith('container:');

const isAlone = (name: string): boolean => ['host', 'none'].includes(name) || name.startsWith('container:');

function checkTogether(options: readonly NetworkOption[]): void {
  const names = options.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw usage(`network "${twice}" is specified multiple times`);
  if (names.length > 1 && names.some(isAlone)) {
    throw usage('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  }
  for (const { endpoint } of options) if (endpoint.MacAddress !== undefined) checkMac(endpoint.MacAddress);
}

function checkMac(mac: string): void {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) throw usage(`${mac} is not a valid mac address`);
}

/** @throws WherryError in docker's words */
export function checkLink(link: string): void {
  if (!/^[^:]+(?::[^:]+)?$/.test(link))
    throw invalidArgument(link, '--link', `bad format for links: ${link}`);
}

/** `NAME:ADDRESS`, `NAME=ADDRESS`, an IPv6 address in brackets or not. */
function extraHost(text: string): string {
  const [, name, target] = /^([^:=\s]+)[:=](\S+)$/.exec(text) ?? [];
  const bad = (reason: string): Error => invalidArgument(text, '--add-host', reason);
  if (name === undefined || target === undefined) throw bad(`bad format for add-host: "${text}"`);
  const address = target.replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && isIP(address) === 0) {
    throw bad(`invalid IP address in add-host: "${address}"`);
  }
  return `${name}:${address}`;
}

function dnsServer(text: string): string {
  const address = text.trim();
  if (isIP(address) !== 0) return address;
  throw invalidArgument(text, '--dns', `IP address is not correctly formatted: ${text}`);
}

/** `.` is "none". */
function searchDomain(text: string): string {
  const domain = text.trim();
  if (domain === '.' || /^(?:[a-z0-9_](?:[\w-]*[a-z0-9_])?\.?)+$/i.test(domain)) return domain;
  throw invalidArgument(text, '--dns-search', `${text} is not a valid domain`);
}
