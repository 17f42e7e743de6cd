import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '../../src/drivers/generic/options.ts';
import { connectRemote } from '../../src/ssh/remote-host.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { cacheDirectory } from '../helpers/e2e-world.ts';
import { freePort } from '../helpers/free-port.ts';
import { startLinuxHost, type LinuxHost } from '../helpers/linux-host/host.ts';
import { tcp, untilEcho, untilFree } from '../helpers/published-ports.ts';

const NAME = 'somebodys';

/** Debian 12 with systemd 252 and Linux 6.1: cgroups below a service's, layers by loop devices, overlays by mount(2). */
describe("the driver generic, on somebody's Debian 12", () => {
  let scratch: string;
  let host: LinuxHost;
  const create = (...flags: string[]) =>
    world().wherry([
      'machine',
      'create',
      '--driver=generic',
      '--generic-ip-address=127.0.0.1',
      `--generic-ssh-port=${host.sshPort}`,
      `--generic-ssh-key=${host.keyFile}`,
      `--engine-insecure-registry=${world().registryHost}`,
      ...flags,
      NAME,
    ]);
  const wherry = (...args: string[]) => world().ok(['--machine', NAME, ...args]);
  /** Runs a script on the host as root, past Wherry. */
  const onHost = async (script: string): Promise<string> => {
    const remote = await connectRemote({
      host: '127.0.0.1',
      port: host.sshPort,
      username: 'root',
      privateKey: readFileSync(host.keyFile, 'utf8'),
      hostKey: host.hostKey,
    });
    try {
      const { status, stdout, stderr } = await remote.run(script);
      if (status !== 0) throw new Error(`on the host, "${script}" ended with ${status}: ${stderr}`);
      return stdout;
    } finally {
      remote.close();
    }
  };
  const footprint = (): Promise<string> =>
    onHost(
      'ls /var/lib /run /etc/systemd/system /etc/sysctl.d /tmp; nft list tables; ls /sys/class/net; losetup -n -O NAME; cat /proc/mounts | cut -d " " -f 2; cat /proc/sys/net/ipv4/conf/all/route_localnet',
    );
  let untouched: string;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-generic-'));
    host = await startLinuxHost(cacheDirectory, scratch);
    untouched = await footprint();
  });
  after(async () => {
    await world().wherry(['machine', 'rm', '-f', NAME]);
    await host?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('refuses a host that shows another key than the one it was told', async () => {
    const refused = await create('--generic-ssh-host-key', `SHA256:${'A'.repeat(43)}`);
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.contain(`shows the host key ${fingerprint(host.hostKey)}`);
  });

  it('sets the engine up from our own image, as an account with sudo', async () => {
    const made = await create('--generic-ssh-user', 'tester');
    expect(made.status, made.stderr).to.equal(0);
    expect(made.stderr).to.contain(fingerprint(host.hostKey));
    expect(await onHost('systemctl is-active wherry-engine; systemctl is-enabled wherry-engine')).to.equal(
      'active\nenabled\n',
    );
    const [line = ''] = (await world().ok(['machine', 'ls', '--filter', `name=${NAME}`]))
      .split('\n')
      .slice(1);
    expect(line).to.match(/^somebodys +\S* +generic +Running +unix:/);
  });

  it('runs containers there, with limits', async () => {
    const image = world().image('busybox:latest');
    await wherry('pull', '-q', image);
    expect(
      await wherry('run', '--rm', '-m', '64m', image, 'sh', '-c', 'uname -r; cat /sys/fs/cgroup/memory.max'),
    ).to.match(/^6\.1\..*\n67108864\n$/);
    await wherry('run', '-d', '--name', 'cc', image, 'sleep', '1000');
    expect(await wherry('exec', 'cc', 'echo', 'inside')).to.equal('inside\n');
    expect(await wherry('diff', 'cc')).to.equal('');
  });

  it('publishes ports on this computer by relay, TCP and UDP, and takes them away again', async () => {
    const [tcpPort, udpPort] = [await freePort(), await freePort()];
    const echo = `import socket, threading
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("0.0.0.0", 5000))
def datagrams():
  while True: u.sendto(*u.recvfrom(2000))
threading.Thread(target=datagrams).start()
t = socket.create_server(("0.0.0.0", 5000))
while True:
  c, _ = t.accept()
  c.sendall(c.recv(100).upper())
  c.close()`;
    const image = world().image('python:bookworm');
    await wherry('pull', '-q', image);
    const ports = ['-p', `${tcpPort}:5000`, '-p', `${udpPort}:5000/udp`];
    await wherry('run', '-d', '--name', 'echo', ...ports, image, '-c', echo);
    expect(await untilEcho(udpPort, 'over UDP')).to.equal('over UDP');
    expect(await tcp(tcpPort, 'over tcp')).to.equal('OVER TCP');
    // On the host: on its loopback alone, under a number that it hasn't itself. By the engine's nft, for the host's own
    // is older and falls over what a newer one has written.
    const inEngine = 'nsenter -m -t $(systemctl show -p MainPID --value wherry-engine)';
    const rules = await onHost(`${inEngine} nft list table ip wherry_ports`);
    expect(rules)
      .to.match(/elements = \{ 610\d\d : 172\.17\./)
      .and.not.contain(`${tcpPort} :`);
    await wherry('rm', '-f', 'echo');
    await untilFree(tcpPort);
  });

  it('gives what docker-machine gives: no start, stop or kill, ssh, ip', async () => {
    for (const [verb, message] of [
      ['start', `Machine "${NAME}" is already running.`],
      ['stop', 'generic driver does not support stop'],
      ['kill', 'generic driver does not support kill'],
    ] as const) {
      const refused = await world().wherry(['machine', verb, NAME]);
      expect([refused.status, refused.stderr.includes(message)], verb + refused.stderr).to.deep.equal([
        1,
        true,
      ]);
    }
    expect(await world().ok(['machine', 'ip', NAME])).to.equal('127.0.0.1\n');
    expect(await world().ok(['machine', 'ssh', NAME, 'id', '-un'])).to.equal('tester\n');
  });

  it('is set up anew by provision, without another upload; containers are started again as they wish', async () => {
    await wherry(
      'run',
      '-d',
      '--name',
      'again',
      '--restart',
      'always',
      world().image('busybox:latest'),
      'sleep',
      '1000',
    );
    const image = await onHost('stat -c %i:%Y /var/lib/wherry/images/*.erofs');
    await world().ok(['machine', 'provision', NAME]);
    expect(await onHost('stat -c %i:%Y /var/lib/wherry/images/*.erofs')).to.equal(image);
    expect(await wherry('ps', '--format', '{{.Names}}')).to.equal('again\n');
    await wherry('rm', '-f', 'again', 'cc');
  });

  it('leaves nothing behind when it is removed', async () => {
    expect(await world().ok(['machine', 'rm', '-f', NAME])).to.contain(`Successfully removed ${NAME}`);
    expect(await footprint()).to.equal(untouched);
  });
});
