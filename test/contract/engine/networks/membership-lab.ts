/**
 * Containers that join and leave networks, and networks of all kinds, for real: in network and mount namespaces that
 * the test starts this program in. The host of the VM is a namespace beside it, 10.0.2.2, with a resolver that answers
 * every question. Prints one JSON object of findings.
 *
 * usage: node membership-lab.ts DIRECTORY
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EventBus } from '../../../../src/engine/events.ts';
import type { EndpointRequest, Sandbox, SandboxRequest } from '../../../../src/engine/networks/contract.ts';
import { createNetns } from '../../../../src/engine/networks/netns.ts';
import { openNetworks } from '../../../../src/engine/networks/networks.ts';

const [directory = ''] = process.argv.slice(2);
const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url));
const children: ChildProcess[] = [];
const run = promisify(execFile);
const inside = (netns: string | undefined, ...words: string[]): [string, string[]] => {
  const [file = '', ...args] = netns === undefined ? words : ['nsenter', `--net=${netns}`, ...words];
  return [file, args];
};
const probe = async (netns: string | undefined, ...args: string[]): Promise<string> => {
  const [file, rest] = inside(netns, process.execPath, PROBE, ...args);
  return (await run(file, rest)).stdout.trim();
};
const serve = async (netns: string | undefined, port: number): Promise<void> => {
  const child = spawn(...inside(netns, process.execPath, PROBE, 'serve', String(port)), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
};
const ip = (netns: string | undefined, ...args: string[]): string =>
  execFileSync(...inside(netns, 'ip', ...args), { encoding: 'utf8' }).trim();
const routes = (sandbox: Sandbox, family = '-4'): string =>
  ip(sandbox.netnsPath, family, 'route', 'show', 'default')
    .replace(/ proto.*| metric.*/, '')
    .trim();
const veths = (): number =>
  ip(undefined, '-o', 'link')
    .split('\n')
    .filter((line) => line.includes(': veth')).length;

const endpoint = (network: string, more: Partial<EndpointRequest> = {}): EndpointRequest => ({
  network,
  aliases: [],
  ...more,
});
const request = (letter: string, ...endpoints: EndpointRequest[]): SandboxRequest => ({
  containerId: letter.repeat(64),
  containerName: `name-${letter}`,
  hostname: `host-${letter}`,
  mode: 'bridge',
  endpoints,
});
const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error as Error).message,
  );

/** At once: what is closed takes a second to be seen. */
const all = async (work: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    await Promise.all(Object.entries(work).map(async ([key, value]) => [key, await value] as const)),
  );

// The VM and its host.
execFileSync('mount', ['-t', 'sysfs', 'none', '/sys']);
ip(undefined, 'link', 'set', 'lo', 'up');
const bridgeFilter = '/proc/sys/net/bridge/bridge-nf-call-iptables';
if (existsSync(bridgeFilter)) writeFileSync(bridgeFilter, '0');
const host = join(directory, 'host');
createNetns(host, () => undefined);
ip(undefined, 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host);
ip(undefined, 'addr', 'add', '10.0.2.15/24', 'dev', 'uplink');
ip(undefined, 'link', 'set', 'uplink', 'up');
ip(host, 'addr', 'add', '10.0.2.2/24', 'dev', 'eth0');
ip(host, 'link', 'set', 'eth0', 'up');
ip(undefined, 'route', 'add', 'default', 'via', '10.0.2.2');
const RESOLVER = `
  import { createSocket } from 'node:dgram';
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const answer = Buffer.concat([message, Buffer.from('c00c000100010000003c0004cb007107', 'hex')]);
    answer.writeUInt16BE(0x8180, 2); answer.writeUInt16BE(1, 6); answer.writeUInt16BE(0, 10);
    socket.send(answer, from.port, from.address);
  });
  socket.bind(53, '10.0.2.2', () => console.log('bound'));`;
const resolver = spawn(...inside(host, process.execPath, '--input-type=module', '-e', RESOLVER), {
  stdio: ['ignore', 'pipe', 'inherit'],
});
children.push(resolver);
await once(resolver.stdout, 'data');

const resolvConf = join(directory, 'resolv.conf');
writeFileSync(resolvConf, 'nameserver 10.0.2.2\n');
const events = new EventBus();
const options = {
  dataDir: directory,
  runDir: directory,
  events,
  cgroup: { root: '/none', parent: '/none' },
  resolvConf,
  onUpstreamFailure: () => undefined,
};
const networks = await openNetworks(options);
const { sandboxes } = networks;
for (const [name, subnet, more] of [
  ['alpha', '10.1.0.0/24', {}],
  [
    'beta',
    '10.2.0.0/24',
    { options: { 'com.docker.network.driver.mtu': '1400', 'com.docker.network.bridge.name': 'own-name' } },
  ],
  ['inner', '10.3.0.0/24', { internal: true }],
  ['apart', '10.4.0.0/24', { options: { 'com.docker.network.bridge.enable_icc': 'false' } }],
  ['six', '10.6.0.0/24', { ipv6: { subnet: 'fd00:6::/64' } }],
  [
    'seven',
    '10.7.0.0/24',
    {
      ipv6: { subnet: 'fd00:7::/64' },
      options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
    },
  ],
] as const) {
  await networks.create({ name, labels: {}, ipv4: { subnet }, ...more });
}

// Joining and leaving while it runs.
const neighbour = await sandboxes.createSandbox(request('b', endpoint('beta')));
await Promise.all([serve(neighbour.netnsPath, 80), serve(host, 80), serve(host, 42_300)]);
let a = await sandboxes.createSandbox(request('a', endpoint('alpha')));
const netns = a.netnsPath;
const found: Record<string, unknown> = { before: await probe(netns, 'tcp', '10.2.0.2', '80') };
a = await sandboxes.connect(
  request('a'),
  endpoint('beta', {
    aliases: ['also'],
    ipv4: '10.2.0.9',
    macAddress: '02:00:00:00:00:09',
    links: { db: 'name-b' },
  }),
);
found['joined'] = {
  reach: await probe(netns, 'tcp', '10.2.0.2', '80'),
  interfaces: a.endpoints.map(({ interfaceName, ipv4 }) => `${interfaceName} ${ipv4}`),
  mac: /link\/ether (\S+)/.exec(ip(netns, 'link', 'show', 'eth1'))?.[1],
  mtu: /mtu (\d+)/.exec(ip(netns, 'link', 'show', 'eth1'))?.[1],
  defaultRoute: routes(a),
  alias: await probe(neighbour.netnsPath, 'resolve', '10.2.0.1', 'also'),
  link: await probe(netns, 'resolve', '10.1.0.1', 'db'),
  bridge: /inet (\S+)/.exec(ip(undefined, '-4', '-o', 'addr', 'show', 'dev', 'own-name'))?.[1],
  again: await failure(sandboxes.connect(request('a'), endpoint('beta'))),
  taken: await failure(sandboxes.createSandbox(request('x', endpoint('beta', { ipv4: '10.2.0.9' })))),
};
a = await sandboxes.disconnect('a'.repeat(64), networks.find('alpha').record.id);
found['left'] = {
  defaultRoute: routes(a),
  nameservers: a.nameservers,
  interfaces: ip(netns, '-o', 'link').split('\n').length,
  again: await failure(sandboxes.disconnect('a'.repeat(64), networks.find('alpha').record.id)),
  reach: await probe(netns, 'tcp', '10.0.2.2', '80'),
};
a = await sandboxes.connect(request('a'), endpoint('alpha', { gwPriority: 5 }));
found['priority'] = { defaultRoute: routes(a), interfaces: a.endpoints.map((one) => one.interfaceName) };

// An internal network.
const inner = await sandboxes.createSandbox(request('i', endpoint('inner')));
const inner2 = await sandboxes.createSandbox(request('j', endpoint('inner')));
await serve(inner2.netnsPath, 80);
const [hostByForce, otherByForce] = await (async () => {
  ip(inner.netnsPath, 'route', 'add', 'default', 'via', '10.3.0.1');
  const answers = await Promise.all(
    ['10.0.2.2', '10.2.0.2'].map((address) => probe(inner.netnsPath, 'tcp', address, '80')),
  );
  ip(inner.netnsPath, 'route', 'del', 'default');
  return answers;
})();
found['internal'] = await all({
  defaultRoute: routes(inner),
  neighbour: probe(inner.netnsPath, 'tcp', inner2.endpoints[0]?.ipv4 ?? '', '80'),
  name: probe(inner.netnsPath, 'resolve', '10.3.0.1', 'name-j'),
  outsideName: probe(inner.netnsPath, 'resolve', '10.3.0.1', 'example.org'),
  hostName: probe(inner.netnsPath, 'resolve', '10.3.0.1', 'host.docker.internal'),
  host: probe(inner.netnsPath, 'tcp', '10.0.2.2', '80'),
  hostByForce,
  otherByForce,
  otherResolverByForce: probe(inner.netnsPath, 'resolve', '10.1.0.1', 'example.org'),
  fromOther: probe(netns, 'tcp', inner2.endpoints[0]?.ipv4 ?? '', '80'),
});
found['dns'] = await all({
  outsideName: probe(netns, 'resolve', '10.1.0.1', 'example.org'),
  hostName: probe(netns, 'resolve', '10.1.0.1', 'host.docker.internal'),
  hostNameSix: probe(netns, 'resolve6', '10.1.0.1', 'host.docker.internal'),
  host: probe(netns, 'tcp', '10.0.2.2', '80'),
  machinePort: probe(netns, 'tcp', '10.0.2.2', '42300'),
});

// Without communication between containers, not by way of the gateway either.
const [e, f] = [
  await sandboxes.createSandbox(request('e', endpoint('apart'))),
  await sandboxes.createSandbox(request('f', endpoint('apart'))),
];
await serve(f.netnsPath, 80);
const apart = f.endpoints[0]?.ipv4 ?? '';
ip(f.netnsPath, 'addr', 'add', '10.4.0.77/24', 'dev', 'eth0');
ip(e.netnsPath, 'route', 'add', '10.4.0.77/32', 'via', '10.4.0.1');
found['apart'] = await all({
  direct: probe(e.netnsPath, 'tcp', apart, '80'),
  byGateway: probe(e.netnsPath, 'tcp', '10.4.0.77', '80'),
  out: probe(e.netnsPath, 'tcp', '10.0.2.2', '80'),
});

// IPv6.
const [s, t, u] = [
  await sandboxes.createSandbox(request('s', endpoint('six'))),
  await sandboxes.createSandbox(request('t', endpoint('six', { ipv6: 'fd00:6::99' }))),
  await sandboxes.createSandbox(request('u', endpoint('seven'))),
];
await Promise.all([serve(t.netnsPath, 80), serve(undefined, 22)]);
ip(undefined, '-6', 'addr', 'add', 'fec0::15/64', 'dev', 'uplink', 'nodad');
ip(host, '-6', 'addr', 'add', 'fec0::2/64', 'dev', 'eth0', 'nodad');
found['six'] = await all({
  addresses: [s, t, u].map(({ endpoints }) => endpoints[0]?.ipv6?.address),
  defaultRoute: routes(s, '-6'),
  neighbour: probe(s.netnsPath, 'tcp', 'fd00:6::99', '80'),
  name: probe(s.netnsPath, 'resolve6', '10.6.0.1', 'name-t'),
  nameFour: probe(s.netnsPath, 'resolve', '10.6.0.1', 'name-t'),
  reverse: probe(s.netnsPath, 'reverse', '10.6.0.1', 'fd00:6::99'),
  otherNetwork: probe(u.netnsPath, 'tcp', 'fd00:6::99', '80'),
  sshAtGateway: probe(s.netnsPath, 'tcp', 'fd00:6::1', '22'),
  out: probe(s.netnsPath, 'tcp', 'fec0::2', '80'),
  machinePort: probe(s.netnsPath, 'tcp', 'fec0::2', '42300'),
  unmasked: probe(u.netnsPath, 'tcp', '10.0.2.2', '80'),
  without: ip(netns, '-6', '-o', 'addr', 'show', 'dev', 'eth0'),
});

// The engine's end, with an interface that it did not live to write down, and the next one's start.
networks.close();
const live = veths();
ip(undefined, 'link', 'add', 'veth0badcafe', 'type', 'bridge');
const next = await openNetworks(options);
await next.sandboxes.adoptSandbox(request('a'), a);
await next.sandboxes.adoptSandbox(request('t'), t);
next.sandboxes.sweep();
found['restart'] = {
  sandboxes: [live, veths()],
  taken: await failure(next.sandboxes.createSandbox(request('y', endpoint('six', { ipv6: 'fd00:6::99' })))),
  resolves: await probe(netns, 'resolve', '10.2.0.1', 'name-a'),
};
a = await next.sandboxes.disconnect('a'.repeat(64), next.find('alpha').record.id);
found['afterRestart'] = routes(a);
for (const letter of ['a', 't']) await next.sandboxes.destroySandbox(letter.repeat(64));
for (const name of ['alpha', 'beta', 'inner', 'apart', 'six', 'seven']) await next.remove(name);
const rules = execFileSync(...inside(undefined, 'nft', 'list', 'ruleset'), { encoding: 'utf8' });
found['removed'] = {
  rules: /br-|10\.[1-7]\.0|fd00/.exec(rules)?.[0] ?? 'none',
  bridges: ip(undefined, '-o', 'link')
    .split('\n')
    .filter((line) => line.includes(': br-')).length,
};
found['events'] = events
  .past()
  .filter(({ Actor }) => Actor.Attributes['container'] === 'a'.repeat(64))
  .map(({ Action, Actor }) => `${Action} ${Actor.Attributes['name'] ?? ''}`);
next.close();
for (const child of children) child.kill();
console.log(JSON.stringify(found));
process.exit(0);
