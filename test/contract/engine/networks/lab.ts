/**
 * Containers' networks for real, in network and mount namespaces that the test starts this program in. The host of the
 * VM is a namespace beside it: 10.0.2.2, as under QEMU's user-mode network, with a server on an ordinary port and one
 * on a port that machines use for themselves. Prints one JSON object of findings.
 *
 * usage: node lab.ts DIRECTORY
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EventBus } from '../../../../src/engine/events.ts';
import type { SandboxRequest } from '../../../../src/engine/networks/contract.ts';
import { createNetns } from '../../../../src/engine/networks/netns.ts';
import { openNetworks } from '../../../../src/engine/networks/networks.ts';

const [directory = ''] = process.argv.slice(2);
const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url));
const servers: ChildProcess[] = [];

const command = (netns: string | undefined, args: readonly string[]): [string, string[]] =>
  netns === undefined
    ? [process.execPath, [PROBE, ...args]]
    : ['nsenter', [`--net=${netns}`, process.execPath, PROBE, ...args]];
const run = promisify(execFile);
/** Not synchronously: the resolver that answers is in this process. */
const probe = async (netns: string | undefined, ...args: string[]): Promise<string> => {
  const [file, rest] = command(netns, args);
  return (await run(file, rest)).stdout.trim();
};
const serve = async (netns: string | undefined, port: number): Promise<void> => {
  const [file, rest] = command(netns, ['serve', String(port)]);
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(child);
  await once(child.stdout, 'data');
};
/** A probe on the VM's own network, by a process of that cgroup. */
const probeInCgroup = async (cgroup: string, ...args: string[]): Promise<string> => {
  const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  return (await run('sh', ['-c', script, cgroup, process.execPath, PROBE, ...args])).stdout.trim();
};
const interfacesIn = (netns: string | undefined): number =>
  execFileSync('nsenter', [`--net=${netns ?? ''}`, 'ip', '-o', 'link'], { encoding: 'utf8' })
    .trim()
    .split('\n').length;
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
const request = (letter: string, extra: Partial<SandboxRequest> = {}): SandboxRequest => ({
  containerId: letter.repeat(64),
  containerName: `name-${letter}`,
  hostname: `host-${letter}`,
  mode: 'bridge',
  endpoints: [{ network: 'bridge', aliases: [`alias-${letter}`] }],
  ...extra,
});

ip('link', 'set', 'lo', 'up');
const host = join(directory, 'host');
createNetns(host, () => undefined);
ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host);
ip('addr', 'add', '10.0.2.15/24', 'dev', 'uplink');
ip('link', 'set', 'uplink', 'up');
execFileSync('nsenter', [`--net=${host}`, 'ip', 'addr', 'add', '10.0.2.2/24', 'dev', 'eth0']);
execFileSync('nsenter', [`--net=${host}`, 'ip', 'link', 'set', 'eth0', 'up']);
ip('route', 'add', 'default', 'via', '10.0.2.2');

const home = readlinkSync('/proc/thread-self/ns/net');
const resolvConf = join(directory, 'resolv.conf');
writeFileSync(resolvConf, 'nameserver 10.0.2.2\n');
execFileSync('mount', ['-t', 'cgroup2', 'none', '/sys/fs/cgroup']);
const cgroup = { root: '/sys/fs/cgroup', parent: `/${basename(directory)}` };
let upstreamFailures = 0;
const options = {
  dataDir: directory,
  runDir: directory,
  events: new EventBus(),
  cgroup,
  resolvConf,
  onUpstreamFailure: () => {
    upstreamFailures += 1;
  },
};
const networks = await openNetworks(options);
const a = await networks.sandboxes.createSandbox(request('a'));
const b = await networks.sandboxes.createSandbox(request('b'));
const none = await networks.sandboxes.createSandbox(request('n', { mode: 'none', endpoints: [] }));
await networks.sandboxes.createSandbox(request('h', { mode: 'host', endpoints: [] }));
const containerCgroup = join(cgroup.root, cgroup.parent, 'h'.repeat(64));
mkdirSync(containerCgroup);
const joined = await networks.sandboxes.createSandbox(
  request('j', { mode: { container: 'a'.repeat(64) }, endpoints: [] }),
);
await networks.create({ name: 'other', labels: {} });
const c = await networks.sandboxes.createSandbox(
  request('c', { endpoints: [{ network: 'other', aliases: [] }] }),
);
const ofA = a.endpoints[0];
const ofB = b.endpoints[0];
const ofC = c.endpoints[0];
if (ofA === undefined || ofB === undefined || ofC === undefined) throw new Error('an endpoint is missing');

await Promise.all([serve(b.netnsPath, 6379), serve(c.netnsPath, 6379), serve(undefined, 22)]);
await Promise.all([serve(host, 8080), serve(host, 42_200), serve(host, 42_999)]);
const findings = {
  back: readlinkSync('/proc/thread-self/ns/net') === home,
  addresses: [ofA.ipv4, ofB.ipv4, ofC.ipv4, ofA.macAddress],
  nameservers: [a.nameservers, none.nameservers, c.nameservers],
  joinedIsA: joined.netnsPath === a.netnsPath,
  interfaces: {
    a: interfacesIn(a.netnsPath),
    none: interfacesIn(none.netnsPath),
  },
  neighbour: await probe(a.netnsPath, 'tcp', ofB.ipv4, '6379'),
  otherNetwork: await probe(a.netnsPath, 'tcp', ofC.ipv4, '6379'),
  host: await probe(a.netnsPath, 'tcp', '10.0.2.2', '8080'),
  machinePort: await probe(a.netnsPath, 'tcp', '10.0.2.2', '42200'),
  lastMachinePort: await probe(c.netnsPath, 'tcp', '10.0.2.2', '42999'),
  machinePortFromVm: await probe(undefined, 'tcp', '10.0.2.2', '42200'),
  sshAtGateway: await probe(a.netnsPath, 'tcp', '172.17.0.1', '22'),
  sshAtVm: await probe(a.netnsPath, 'tcp', '10.0.2.15', '22'),
  sshFromVm: await probe(undefined, 'tcp', '10.0.2.15', '22'),
  onHostNetwork: {
    machinePort: await probeInCgroup(containerCgroup, 'tcp', '10.0.2.2', '42200'),
    host: await probeInCgroup(containerCgroup, 'tcp', '10.0.2.2', '8080'),
    sshAtLoopback: await probeInCgroup(containerCgroup, 'tcp', '127.0.0.1', '22'),
    sshAtVm: await probeInCgroup(containerCgroup, 'tcp', '10.0.2.15', '22'),
  },
  names: await Promise.all(
    ['name-b', 'alias-b', 'host-b', 'b'.repeat(12)].map((name) =>
      probe(a.netnsPath, 'resolve', '172.17.0.1', name),
    ),
  ),
  reverse: await probe(a.netnsPath, 'reverse', '172.17.0.1', ofB.ipv4),
  nameOnOtherNetwork: await probe(a.netnsPath, 'resolve', '172.17.0.1', 'name-c'),
  upstreamFailures,
  restart: '',
  swept: false,
  removed: false,
  withoutHostAccess: {},
};

// An engine's end and the next one's start: the sandbox goes on, its address stays taken, its names come back.
networks.close();
const next = await openNetworks(options);
await next.sandboxes.adoptSandbox(request('b'), b);
const d = await next.sandboxes.createSandbox(request('d'));
findings.restart = `${d.endpoints[0]?.ipv4 ?? ''} ${await probe(d.netnsPath, 'resolve', '172.17.0.1', 'name-b')}`;
next.sandboxes.sweep();
findings.swept =
  !existsSync(join(directory, 'netns', 'a'.repeat(64))) &&
  existsSync(join(directory, 'netns', 'b'.repeat(64)));
await next.sandboxes.destroySandbox('b'.repeat(64));
findings.removed = !existsSync(join(directory, 'netns', 'b'.repeat(64)));
next.close();

const closed = await openNetworks({ ...options, hostAccess: false });
const e = await closed.sandboxes.createSandbox(request('e'));
const f = await closed.sandboxes.createSandbox(request('f'));
await closed.sandboxes.createSandbox(request('h', { mode: 'host', endpoints: [] }));
await serve(f.netnsPath, 6379);
findings.withoutHostAccess = {
  host: await probe(e.netnsPath, 'tcp', '10.0.2.2', '8080'),
  hostFromHostNetwork: await probeInCgroup(containerCgroup, 'tcp', '10.0.2.2', '8080'),
  hostFromVm: await probe(undefined, 'tcp', '10.0.2.2', '8080'),
  name: await probe(e.netnsPath, 'resolve', '172.17.0.1', 'host.docker.internal'),
  neighbour: await probe(e.netnsPath, 'tcp', f.endpoints[0]?.ipv4 ?? '', '6379'),
};
closed.close();
for (const server of servers) server.kill();
rmdirSync(containerCgroup);
rmdirSync(join(cgroup.root, cgroup.parent));
console.log(JSON.stringify(findings));
process.exit(0);
