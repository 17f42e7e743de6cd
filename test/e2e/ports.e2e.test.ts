import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { isFree, tcp, untilEcho, untilFree } from '../helpers/published-ports.ts';
import { processesOf, untilProcesses } from '../helpers/machine/processes.ts';

/** Asks until redis answers: user-mode networking accepts a connection before anybody in the guest does. */
async function untilPong(port: number): Promise<void> {
  const answer = (): Promise<string> => tcp(port, 'PING\r\n').catch(String);
  await eventually(answer, (text) => text === '+PONG\r\n', `redis at ${port}`);
}

describe('published ports', () => {
  const redis = (): string => world().image('redis');
  const busybox = (): string => world().image('busybox');
  const run = (...args: string[]): Promise<string> => world().ok(['run', '-d', '--rm', ...args]);
  const remove = (...names: string[]): Promise<string> => world().ok(['rm', '-f', ...names]);
  const guest = (script: string): Promise<string> => world().inVm(script);

  it('brings redis to the host’s loopback, tells where, and takes it away again', async () => {
    const port = await freePort();
    await run('--name', 'published', '-p', `${port}:6379`, redis());
    await untilPong(port);
    expect(await world().ok(['port', 'published'])).to.equal(`6379/tcp -> 127.0.0.1:${port}\n`);
    expect(await world().ok(['port', 'published', '6379'])).to.equal(`127.0.0.1:${port}\n`);
    expect(await world().ok(['ps', '--format', '{{.Names}} {{.Ports}}'])).to.contain(
      `published 127.0.0.1:${port}->6379/tcp`,
    );
    const docker = await world().docker(['port', 'published']);
    expect(docker.stdout, docker.stderr).to.equal(`6379/tcp -> 127.0.0.1:${port}\n`);
    await remove('published');
    await untilFree(port);
    expect(await guest('nft list table ip wherry_ports')).not.to.contain(`${port} :`);
  });

  it('takes ports from the docker CLI: -P, a range, several at once', async () => {
    const result = await world().docker(['run', '-d', '--rm', '--name', 'stock-ports', '-P', redis()]);
    expect(result.status, result.stderr).to.equal(0);
    const [, chosen] =
      /^6379\/tcp -> 127\.0\.0\.1:(\d+)\n$/.exec(await world().ok(['port', 'stock-ports'])) ?? [];
    await untilPong(Number(chosen));
    const first = await freePort();
    const several = ['-p', `${first}-${first + 20}:6379`, '-p', '127.0.0.1::7000', '--expose', '7001'];
    const more = await world().docker(['run', '-d', '--rm', '--name', 'stock-more', ...several, redis()]);
    expect(more.status, more.stderr).to.equal(0);
    const ports = (await world().docker(['port', 'stock-more'])).stdout.trim().split('\n');
    expect(ports).to.have.length(2);
    const [, ranged] = /^6379\/tcp -> 127\.0\.0\.1:(\d+)$/.exec(ports[0] ?? '') ?? [];
    expect(Number(ranged)).to.be.within(first, first + 20);
    await untilPong(Number(ranged));
    await remove('stock-ports', 'stock-more');
  });

  it('publishes UDP', async () => {
    const port = await freePort();
    const echo = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 5000))
while True: s.sendto(*s.recvfrom(2000))`;
    const image = world().image('python:trixie');
    await run('--name', 'echo', '-p', `${port}:5000/udp`, image, '-c', echo);
    expect(await untilEcho(port, 'over UDP')).to.equal('over UDP');
    await remove('echo');
  });

  it('names who has the port, with 125, and leaves nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const before = await world().ok(['ps', '-aq']);
    const refused = await world().wherry(['run', '--rm', '-p', `${port}:80`, busybox(), 'true']);
    server.close();
    expect(refused.status).to.equal(125);
    expect(refused.stderr).to.contain(`port 127.0.0.1:${port} on this computer is in use`);
    if (process.platform === 'linux')
      expect(refused.stderr).to.match(new RegExp(`in use by \\S.* \\(pid ${process.pid}\\)`));
    expect(await world().ok(['ps', '-aq'])).to.equal(before);
    expect(await isFree(port)).to.equal(true);
  });

  it('refuses a second container the port of a first, in docker’s words', async () => {
    const [port, other] = [await freePort(), await freePort()];
    await run('--name', 'first', '-p', `${port}:6379`, redis());
    const second = ['run', '--rm', '-p', `${other}:6379`, '-p', `${port}:6379`, redis()];
    for (const refused of [await world().wherry(second), await world().docker(second)]) {
      expect(refused.status).to.equal(125);
      expect(refused.stderr).to.contain(`Bind for 127.0.0.1:${port} failed: port is already allocated`);
    }
    await untilFree(other);
    await untilPong(port);
    await remove('first');
  });

  it('is reachable from the VM and from containers through their gateway', async () => {
    const port = await freePort();
    await run('--name', 'inside', '-p', `${port}:6379`, redis());
    await untilPong(port);
    const ask = `printf 'PING\\r\\n' | nc -w 5 HOST ${port} | head -1`;
    expect(await guest(ask.replace('HOST', '127.0.0.1'))).to.match(/^\+PONG/);
    const script = ask.replace('HOST', '172.17.0.1');
    expect(await world().ok(['run', '--rm', busybox(), 'sh', '-c', script])).to.match(/^\+PONG/);
    const itself = ['exec', 'inside', 'redis-cli', '-h', '172.17.0.1', '-p', String(port), 'ping'];
    expect(await world().ok(itself)).to.equal('PONG\n');
    const host = [
      'run',
      '--rm',
      '--network',
      'host',
      busybox(),
      'sh',
      '-c',
      ask.replace('HOST', '127.0.0.1'),
    ];
    expect(await world().ok(host)).to.match(/^\+PONG/);
    await remove('inside');
  });

  it('keeps what listens on the VM’s ports 22 and 53 where it is', async () => {
    const result = await world().wherry([
      'run',
      '-d',
      '--rm',
      '--name',
      'low',
      '-p',
      `127.0.0.1:${await freePort()}:53/udp`,
      '-p',
      `${await freePort()}:22`,
      busybox(),
      'sleep',
      '600',
    ]);
    expect(result.status, result.stderr).to.equal(0);
    expect(await guest('echo still there')).to.equal('still there\n');
    await remove('low');
  });

  it('goes on when the agent is killed, and when the engine is', async () => {
    const port = await freePort();
    await run('--name', 'lasting', '-p', `${port}:6379`, redis());
    await untilPong(port);
    const { agent } = await processesOf(world().home, MACHINE);
    for (const { pid } of agent) process.kill(pid, 'SIGKILL');
    await untilProcesses(world().home, MACHINE, (now) => now.agent.length === 0);
    expect(await tcp(port, 'PING\r\n')).to.equal('+PONG\r\n');
    expect(await world().ok(['port', 'lasting'])).to.contain(`:${port}\n`);
    expect(await tcp(port, 'PING\r\n')).to.equal('+PONG\r\n');
    const another = await freePort();
    await run('--name', 'later', '-p', `${another}:6379`, redis());
    await untilPong(another);

    const engine = await guest('cat /run/wherry/engine.pid');
    await guest(`kill -KILL ${engine.trim()}`);
    expect(await tcp(port, 'PING\r\n')).to.equal('+PONG\r\n');
    await eventually(
      () => world().wherry(['port', 'lasting']),
      ({ stdout }) => stdout === `6379/tcp -> 127.0.0.1:${port}\n`,
      'the engine is back',
    );
    expect(await tcp(port, 'PING\r\n')).to.equal('+PONG\r\n');
    const refused = await world().wherry(['run', '--rm', '-p', `${port}:80`, busybox(), 'true']);
    expect(refused.stderr).to.contain('port is already allocated');
    await remove('lasting', 'later');
    await untilFree(port);
    await untilFree(another);
  });
});
