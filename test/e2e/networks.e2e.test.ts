import { expect } from 'chai';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { outputOf } from '../helpers/both-clients.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { guestSeconds } from '../helpers/guest-clock.ts';

/** A connection to redis that has answered: user-mode networking accepts one before anybody in the guest does. */
async function connectedRedis(port: number): Promise<Socket> {
  let socket: Socket | undefined;
  const connectAndPing = async (): Promise<string> => {
    socket?.destroy();
    socket = connect({ host: '127.0.0.1', port });
    return ping(socket).catch(String);
  };
  await eventually(connectAndPing, (answer) => answer === '+PONG\r\n', `redis at ${port}`);
  return socket!;
}

async function ping(socket: Socket): Promise<string> {
  socket.write('PING\r\n');
  const [answer = ''] = (await Promise.race([
    once(socket, 'data', { signal: AbortSignal.timeout(60_000) }),
    once(socket, 'close'),
  ])) as unknown[];
  return String(answer);
}

describe('networks', () => {
  const busybox = (): string => world().image('busybox');
  const ok = (...args: string[]): Promise<string> => world().ok(args);
  const docker = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await world().docker(args);
    expect(status, `docker ${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  };
  // The stock client is the quicker one to start; ours is asked where its flags and words matter.
  const sleeper = (name: string, ...flags: string[]): Promise<string> =>
    docker('run', '-d', '--name', name, ...flags, busybox(), 'sleep', '900');
  const sh = (name: string, script: string): Promise<string> => docker('exec', name, 'sh', '-c', script);
  const guest = (script: string): Promise<string> => world().inVm(script);
  /** How many namespaces and interfaces of containers there are in the VM. */
  const held = async (): Promise<number[]> =>
    (await guest('ls /run/wherry/netns | wc -l; ip -o link | grep -c veth; exit 0'))
      .trim()
      .split('\n')
      .map(Number);
  const remove = async (containers: readonly string[], networks: readonly string[]): Promise<void> => {
    await world().docker(['rm', '-f', ...containers]);
    if (networks.length > 0) await world().wherry(['network', 'rm', ...networks]);
  };

  it('are joined and left, by containers that run and by those that do not', async () => {
    const before = await held();
    try {
      await docker('network', 'create', '--subnet', '10.81.0.0/24', '--label', 'e2e=join', 'first');
      await ok('network', 'create', '--label', 'e2e=join', 'second');
      await sleeper('mover');
      await sleeper('still', '--network', 'first');
      await docker('network', 'connect', '--alias', 'moved', '--ip', '10.81.0.9', 'first', 'mover');
      expect(await sh('mover', 'ping -c 1 still; ping -c 1 moved; cat /etc/hosts; ip -o link')).to.match(
        /PING still \(10\.81\.0\.\d+\)[^]*PING moved \(10\.81\.0\.9\)[^]*10\.81\.0\.9\s[^]*eth1/,
      );
      expect(await sh('still', 'ping -c 1 moved')).to.match(/10\.81\.0\.9/);
      const format = '{{range .Containers}}{{.Name}} {{.IPv4Address}};{{end}}';
      expect(await docker('network', 'inspect', '-f', format, 'first')).to.match(/mover 10\.81\.0\.9\/24;/);
      const [ours, theirs] = await outputOf(['network', 'connect', 'first', 'mover']);
      for (const { status, stderr } of [ours, theirs]) {
        expect(status).to.equal(1);
        expect(stderr).to.include('endpoint with name mover already exists in network first');
      }

      await ok('network', 'disconnect', 'bridge', 'mover');
      expect(await sh('mover', 'ip route | grep default; cat /etc/resolv.conf; ping -c 1 still')).to.match(
        /^default via 10\.81\.0\.1 dev eth1 *\nnameserver 10\.81\.0\.1\n[^]*1 packets received/,
      );
      expect((await world().docker(['network', 'disconnect', 'bridge', 'mover'])).stderr).to.match(
        /container [0-9a-f]{64} is not connected to (?:the )?network bridge/,
      );

      await docker('kill', 'mover');
      await ok('network', 'connect', 'second', 'mover');
      await docker('network', 'disconnect', 'first', 'mover');
      await docker('start', 'mover');
      expect(
        await ok('inspect', '-f', '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}};{{end}}', 'mover'),
      ).to.equal('second;\n');
      const network = (await ok('network', 'ls', '-q', '--no-trunc', '--filter', 'name=first')).trim();
      const until = (await guestSeconds()) + 1;
      const events = await docker(
        'events',
        '--since',
        '1',
        '--until',
        String(until),
        '--filter',
        `network=${network}`,
        '--format',
        '{{.Action}}',
      );
      // The create; the two that were started or moved there; the end of one.
      expect(events.trim().split('\n')).to.deep.equal(['create', 'connect', 'connect', 'disconnect']);
    } finally {
      await remove(['mover', 'still'], []);
      const pruned = await ok('network', 'prune', '-f', '--filter', 'label=e2e=join');
      expect(pruned).to.equal('Deleted Networks:\nfirst\nsecond\n\n');
    }
    // The kernel takes the interfaces away with their namespace, in its own time; those of earlier tests, too.
    await eventually(
      held,
      (after) => after.every((count, at) => count <= (before[at] ?? 0)),
      `no more than ${before.join(' and ')} namespaces and interfaces in the VM`,
    );
    expect(await guest('nft list ruleset | grep -c 10.81.0; exit 0')).to.equal('0\n');
  });

  it('can be several from the start, and one of them is the way out', async () => {
    try {
      await ok('network', 'create', '--subnet', '10.82.1.0/24', 'aa');
      await ok('network', 'create', '--subnet', '10.82.2.0/24', 'bb');
      await ok(
        'run',
        '-d',
        '--name',
        'both',
        '--network',
        'bb',
        '--network',
        'name=aa,alias=extra,ip=10.82.1.7',
        busybox(),
        'sleep',
        '900',
      );
      expect(await sh('both', 'ip route | grep default; ping -c 1 extra')).to.match(
        /^default via 10\.82\.1\.1 dev eth1[^]*10\.82\.1\.7/,
      );
      await docker('rm', '-f', 'both');
      const out = await ok(
        'run',
        '--rm',
        '--network',
        'name=bb,gw-priority=1',
        '--network',
        'aa',
        busybox(),
        'ip',
        'route',
        'show',
        'default',
      );
      expect(out).to.match(/^default via 10\.82\.2\.1 dev eth0/);
    } finally {
      await remove(['both'], ['aa', 'bb']);
    }
  });

  it("can be another container's, with its names, and end with it", async () => {
    try {
      await sleeper('owner', '--hostname', 'shared', '--add-host', 'db:192.0.2.7');
      const script = 'hostname; cat /etc/hosts; ip -o -4 addr show eth0';
      const inOwner = await sh('owner', script);
      expect(inOwner).to.match(/^shared\n[^]*192\.0\.2\.7\tdb\n/);
      for (const { stdout, stderr } of await outputOf([
        'run',
        '--rm',
        '--network',
        'container:owner',
        busybox(),
        'sh',
        '-c',
        script,
      ])) {
        expect(stdout, stderr).to.equal(inOwner);
      }
      const conflicts: [string[], string][] = [
        [['-p', '80:80'], 'port publishing and the container type network mode'],
        [['--hostname', 'x'], 'hostname and the network mode'],
        [['--add-host', 'a:192.0.2.1'], 'custom host-to-IP mapping and the network mode'],
        [['--dns', '192.0.2.1'], 'dns and the network mode'],
      ];
      for (const [flags, message] of conflicts) {
        const words = ['run', '--rm', '--network', 'container:owner', ...flags, busybox(), 'true'];
        for (const { status, stderr } of await outputOf(words)) {
          expect(status, stderr).to.equal(125);
          expect(stderr).to.include(`conflicting options: ${message}`);
        }
      }
      await sleeper('guest', '--network', 'container:owner');
      await docker('kill', 'owner');
      expect(await sh('guest', 'ip -o link | wc -l')).to.equal('1\n');
      const refused = await world().docker([
        'run',
        '--rm',
        '--network',
        'container:owner',
        busybox(),
        'true',
      ]);
      expect(refused.status).to.equal(125);
      expect(refused.stderr).to.match(/cannot join network of a non running container: [0-9a-f]{64}/);
    } finally {
      await remove(['guest', 'owner'], []);
    }
  });

  it("give containers the user's computer by name, and not the machines' ports on it", async () => {
    const port = world().registryHost.split(':')[1] ?? '';
    const { Driver: driver } = JSON.parse(await ok('machine', 'inspect', MACHINE)) as {
      Driver: { SSHPort: number };
    };
    const script = (host: string): string =>
      `wget -q -O - http://${host}:${port}/v2/ && echo " reached"; ` +
      `nc -w 3 ${host} ${driver.SSHPort} </dev/null && echo BAD; true`;
    expect(await ok('run', '--rm', busybox(), 'sh', '-c', script('host.docker.internal'))).to.equal(
      '{} reached\n',
    );
    expect(
      await docker('run', '--rm', '--network', 'host', busybox(), 'sh', '-c', script('host.docker.internal')),
    ).to.equal('{} reached\n');
    const added = ['run', '--rm', '--add-host', 'me:host-gateway', busybox(), 'sh', '-c', script('me')];
    for (const { stdout } of await outputOf(added)) expect(stdout).to.equal('{} reached\n');
  });

  it('have no way out where they are internal, and keep containers apart where they are told to', async () => {
    const port = world().registryHost.split(':')[1] ?? '';
    try {
      await ok('network', 'create', '--internal', '--subnet', '10.83.0.0/24', 'inner');
      await docker('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart');
      await sleeper('in1', '--network', 'inner');
      await sleeper('in2', '--network', 'inner');
      const tried = await sh(
        'in1',
        `ping -c 1 -W 2 in2 | grep received; ip route | grep default; nslookup host.docker.internal 2>&1 | grep -c 10.0.2.2; ` +
          `for a in 10.0.2.2 172.17.0.1; do nc -w 2 $a ${port} </dev/null && echo OUT; done; ` +
          'nslookup example.org 2>&1 | grep -ci "servfail\\|can.t resolve\\|no answer"; true',
      );
      expect(tried).to.match(/^1 packets transmitted, 1 packets received, 0% packet loss\n0\n[1-9]\n$/);
      await sleeper('ap1', '--network', 'apart');
      await sleeper('ap2', '--network', 'apart');
      const apart = await sh(
        'ap1',
        `ping -c 1 -W 2 ap2 | grep received; wget -q -O - http://10.0.2.2:${port}/v2/`,
      );
      expect(apart).to.match(/ 0 packets received[^]*\{\}$/);
    } finally {
      await remove(['in1', 'in2', 'ap1', 'ap2'], ['inner', 'apart']);
    }
  });

  it('have IPv6: addresses, names, and published ports as ever', async () => {
    const port = await freePort();
    try {
      await ok('network', 'create', '--ipv6', '--subnet', 'fd00:84::/64', '--subnet', '10.84.0.0/24', 'six');
      expect(await docker('network', 'inspect', '-f', '{{.EnableIPv6}}', 'six')).to.equal('true\n');
      await ok(
        'run',
        '-d',
        '--name',
        'server6',
        '--network',
        'six',
        '--ip6',
        'fd00:84::99',
        '-p',
        `${port}:6379`,
        world().image('redis'),
      );
      await sleeper('client6', '--network', 'six');
      expect(await sh('client6', 'nslookup -type=AAAA server6; ping -6 -c 1 server6')).to.match(
        /fd00:84::99[^]*PING server6 \(fd00:84::99\)[^]*1 packets received/,
      );
      (await connectedRedis(port)).destroy();
      expect(
        await ok('inspect', '-f', '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}', 'server6'),
      ).to.equal('fd00:84::99\n');
    } finally {
      await remove(['server6', 'client6'], ['six']);
    }
  });

  it('and names are given by flags, alike from both clients', async () => {
    try {
      await ok('network', 'create', '--subnet', '10.85.0.0/24', '--ip-range', '10.85.0.128/25', 'flags');
      await sleeper('target', '--network', 'flags');
      const words = [
        'run',
        '--rm',
        '--network',
        'flags',
        '--network-alias',
        'me',
        '--ip',
        '10.85.0.20',
        '--mac-address',
        '02:00:00:00:00:99',
        '--hostname',
        'box',
        '--domainname',
        'example.org',
        '--add-host',
        'db:192.0.2.9',
        '--dns',
        '192.0.2.53',
        '--dns-search',
        'example.org',
        '--dns-option',
        'attempts:4',
        '--link',
        'target:linked',
        busybox(),
        'sh',
        '-c',
        'hostname; tail -n 2 /etc/hosts; cat /etc/resolv.conf; ip -o link show eth0; ' +
          'for n in me linked target; do ping -c 1 $n | head -n 1; done',
      ];
      for (const { stdout, stderr } of await outputOf(words)) {
        expect(stdout, stderr).to.match(
          /^box\n192\.0\.2\.9\tdb\n10\.85\.0\.20\tbox\.example\.org box\nnameserver 10\.85\.0\.\d+\nsearch example\.org\noptions attempts:4 ndots:0\n/,
        );
        expect(stdout).to.include('02:00:00:00:00:99');
        expect(stdout).to.match(
          /PING me \(10\.85\.0\.20\)[^]*PING linked \(10\.85\.0\.1\d\d\)[^]*PING target \(10\.85\.0\.1\d\d\)/,
        );
      }
      for (const { status, stderr } of await outputOf([
        'run',
        '--rm',
        '--ip',
        '172.17.0.9',
        busybox(),
        'true',
      ])) {
        expect(status).to.equal(125);
        expect(stderr).to.include('user specified IP address is supported on user defined networks only');
      }
      for (const { status, stderr } of await outputOf([
        'network',
        'create',
        '--subnet',
        '10.85.0.0/25',
        'overlapping',
      ])) {
        expect(status).to.equal(1);
        expect(stderr).to.include('invalid pool request: Pool overlaps with other one on this address space');
      }
      const lists = await outputOf([
        'network',
        'ls',
        '--filter',
        'name=flags',
        '--format',
        'table {{.Name}}\t{{.Driver}}\t{{.Internal}}',
      ]);
      expect(lists[0].stdout)
        .to.equal(lists[1].stdout)
        .and.to.match(/^NAME +DRIVER +INTERNAL\nflags +bridge +false\n$/);
    } finally {
      await remove(['target'], ['flags']);
    }
  });

  it('carry connections through the death of the engine, and answer for names again', async () => {
    const port = await freePort();
    let socket: Socket | undefined;
    try {
      await ok('network', 'create', 'lasting-net');
      await ok(
        'run',
        '-d',
        '--name',
        'survivor',
        '--network',
        'lasting-net',
        '-p',
        `${port}:6379`,
        world().image('redis'),
      );
      await sleeper('asker', '--network', 'lasting-net');
      socket = await connectedRedis(port);
      const engine = (await guest('cat /run/wherry/engine.pid')).trim();
      await guest(`kill -KILL ${engine}`);
      expect(await ping(socket), 'while the engine is away').to.equal('+PONG\r\n');
      await eventually(
        () => world().wherry(['ps', '-q']),
        ({ status }) => status === 0,
        'the engine is back',
      );
      expect(await ping(socket), 'the same connection').to.equal('+PONG\r\n');
      expect(await sh('asker', 'ping -c 1 survivor')).to.match(/1 packets received/);
      await ok('network', 'disconnect', 'lasting-net', 'asker');
      expect(await sh('asker', 'ip -o link | wc -l')).to.equal('1\n');
    } finally {
      socket?.destroy();
      await remove(['survivor', 'asker'], ['lasting-net']);
    }
  });
});
