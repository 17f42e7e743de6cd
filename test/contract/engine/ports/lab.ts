/**
 * Published ports for real, in network and mount namespaces that the test starts this program in. The host of the VM is
 * a namespace beside it: 10.0.2.2, as under QEMU's user-mode network. Prints one JSON object of findings.
 *
 * usage: node lab.ts DIRECTORY
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EventBus } from '../../../../src/engine/events.ts';
import type { Sandbox } from '../../../../src/engine/networks/contract.ts';
import { createNetns } from '../../../../src/engine/networks/netns.ts';
import { openNetworks } from '../../../../src/engine/networks/networks.ts';
import { loadPublishedRules } from '../../../../src/engine/ports/open-ports.ts';
import { PortTable } from '../../../../src/engine/ports/port-table.ts';
import { Publisher } from '../../../../src/engine/ports/publisher.ts';
import { publishingNetworks } from '../../../../src/engine/ports/publishing-networks.ts';
import { MACHINE_PORT_RANGE } from '../../../../src/protocol/boot/config-disk.ts';

const [directory = ''] = process.argv.slice(2);
const PROBE = fileURLToPath(new URL('../networks/probe.ts', import.meta.url));
const servers: ChildProcess[] = [];
const run = promisify(execFile);
const inside = (netns: string | undefined): string[] =>
  netns === undefined ? [] : ['nsenter', `--net=${netns}`];
const tcp = async (netns: string | undefined, address: string, port: number, from = 0): Promise<string> => {
  const to = ['tcp', address, String(port), String(from)] as const;
  const [file, ...args] = [...inside(netns), process.execPath, PROBE, ...to];
  return (await run(file, args)).stdout.trim();
};
const serve = async (netns: string | undefined, port: number): Promise<void> => {
  const [file, ...args] = [...inside(netns), process.execPath, PROBE, 'serve', String(port)];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(child);
  await once(child.stdout, 'data');
};
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

ip('link', 'set', 'lo', 'up');
// The VM has no br_netfilter, which would keep a container from itself: this computer may have it.
const bridgeFilter = '/proc/sys/net/bridge/bridge-nf-call-iptables';
if (existsSync(bridgeFilter)) writeFileSync(bridgeFilter, '0');
const host = join(directory, 'host');
createNetns(host, () => undefined);
const onHost = (...args: string[]): string =>
  execFileSync('nsenter', [`--net=${host}`, ...args], { encoding: 'utf8' });
ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host);
ip('addr', 'add', '10.0.2.15/24', 'dev', 'uplink');
ip('link', 'set', 'uplink', 'up');
onHost('ip', 'addr', 'add', '10.0.2.2/24', 'dev', 'eth0');
onHost('ip', 'link', 'set', 'eth0', 'up');
ip('route', 'add', 'default', 'via', '10.0.2.2');
// A neighbour that means harm: its packets to 127.0.0.1 go to the VM.
onHost(
  'ip',
  'route',
  'add',
  'table',
  'local',
  '127.0.0.0/8',
  'via',
  '10.0.2.15',
  'dev',
  'eth0',
  'src',
  '10.0.2.2',
);

const resolvConf = join(directory, 'resolv.conf');
writeFileSync(resolvConf, 'nameserver 10.0.2.2\n');
execFileSync('mount', ['-t', 'cgroup2', 'none', '/sys/fs/cgroup']);
const networks = await openNetworks({
  dataDir: directory,
  runDir: directory,
  events: new EventBus(),
  cgroup: { root: '/sys/fs/cgroup', parent: '/none' },
  resolvConf,
  onUpstreamFailure: () => undefined,
});
const errors: unknown[] = [];
const publisher = new Publisher({
  table: new PortTable(),
  host: { openPort: () => Promise.resolve({ id: 0, ok: true }), closePort: () => Promise.resolve() },
  hasRules: () => false,
  loadRules: loadPublishedRules,
  onBackgroundError: (error) => errors.push(String(error)),
});
await publisher.restored();
const published = publishingNetworks(networks.sandboxes, publisher);
const sandbox = (letter: string, network: string, hostPort?: number): Promise<Sandbox> =>
  published.createSandbox({
    containerId: letter.repeat(64),
    containerName: letter,
    hostname: letter,
    mode: 'bridge',
    endpoints: [{ network, aliases: [] }],
    ports:
      hostPort === undefined
        ? []
        : [
            {
              proto: 'tcp',
              containerPort: 6379,
              hostAddress: '127.0.0.1',
              hostPorts: { first: hostPort, last: hostPort },
            },
          ],
  });

await networks.create({ name: 'other', labels: {} });
const [a, b, c] = [
  await sandbox('a', 'bridge'),
  await sandbox('b', 'bridge', 8080),
  await sandbox('c', 'other', 22),
];
await Promise.all([
  serve(b.netnsPath, 6379),
  serve(c.netnsPath, 6379),
  serve(b.netnsPath, 6380),
  serve(undefined, 7777),
]);
const findings: Record<string, unknown> = {
  ports: [b.ports, c.ports],
  fromHost: await tcp(host, '10.0.2.15', 8080),
  fromMachinePort: await tcp(host, '10.0.2.15', 8080, MACHINE_PORT_RANGE.first),
  fromVm: await tcp(undefined, '127.0.0.1', 8080),
  fromVmOtherAddress: await tcp(undefined, '10.0.2.15', 8080),
  fromNeighbour: await tcp(a.netnsPath, '172.17.0.1', 8080),
  fromItself: await tcp(b.netnsPath, '172.17.0.1', 8080),
  fromOtherNetwork: await tcp(c.netnsPath, '172.17.0.1', 8080),
  movedGuestPort: await tcp(host, '10.0.2.15', 61_000),
  notPublished: await tcp(host, '10.0.2.15', 6380),
  vmLoopbackFromItself: await tcp(undefined, '127.0.0.1', 7777),
  vmLoopbackFromNeighbour: await tcp(host, '127.0.0.1', 7777),
};
await published.destroySandbox('b'.repeat(64));
findings['afterEnd'] = await tcp(host, '10.0.2.15', 8080);
findings['otherAfterEnd'] = await tcp(host, '10.0.2.15', 61_000);
findings['errors'] = errors;
for (const server of servers) server.kill();
console.log(JSON.stringify(findings));
process.exit(0);
