import { expect } from 'chai';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHostPorts } from '../../../src/agent/ports/host-ports.ts';
import { servePorts } from '../../../src/agent/ports/serve-ports.ts';
import type { HostForward } from '../../../src/drivers/driver.ts';
import { HostLink } from '../../../src/engine/ports/host-link.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { connectLocal } from '../../../src/platform/local-socket.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { PortForward } from '../../../src/protocol/agent/ports.ts';
import { freePort } from '../../helpers/free-port.ts';

const SSH = { proto: 'tcp', hostAddress: '127.0.0.1', hostPort: 42_200, guestPort: 22 } as const;
const forward = (hostPort: number, extra: Partial<PortForward> = {}): PortForward => ({
  proto: 'tcp',
  hostAddress: '127.0.0.1',
  hostPort,
  guestPort: hostPort,
  ...extra,
});

describe('ports that the engine asks the agent for', () => {
  let directory: string;
  let forwards: HostForward[];
  let wanted: PortForward[];
  let errors: unknown[];
  let link: HostLink;
  let agents: AbortController[];

  const socketPath = (): string => join(directory, 'host.sock');
  const openLink = async (patienceMs = 50_000): Promise<HostLink> => {
    const options = { socketPath: socketPath(), wanted: () => wanted, patienceMs };
    link = new HostLink({ ...options, onBackgroundError: (error) => errors.push(error) });
    await link.listen();
    return link;
  };
  const startAgent = (): AbortController => {
    const vm = {
      list: () => Promise.resolve(forwards),
      add: (added: HostForward) => Promise.resolve(void forwards.push(added)),
      remove: (gone: HostForward) =>
        Promise.resolve(void (forwards = forwards.filter((other) => other !== gone))),
    };
    const stop = new AbortController();
    agents.push(stop);
    void servePorts({
      dial: () => connectLocal(socketPath()),
      answer: createHostPorts(vm, ({ hostPort }) => hostPort === SSH.hostPort),
      clock: systemClock,
      log: silentLog,
      signal: stop.signal,
    });
    return stop;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-ports-'));
    forwards = [SSH];
    wanted = [];
    errors = [];
    agents = [];
  });
  afterEach(async () => {
    for (const agent of agents) agent.abort(new Error('the test is over'));
    link.stop();
    await rm(directory, { recursive: true });
  });

  it('are opened and closed, and asking twice is fine', async () => {
    await openLink();
    expect((await stat(socketPath())).mode & 0o777).to.equal(0o600);
    startAgent();
    const free = await freePort();
    expect((await link.openPort(forward(free))).ok).to.equal(true);
    expect((await link.openPort(forward(free))).ok).to.equal(true);
    expect(forwards).to.deep.equal([SSH, forward(free)]);
    await link.openPort(forward(free, { guestPort: 61_000 }));
    expect(forwards).to.deep.equal([SSH, forward(free, { guestPort: 61_000 })]);
    await link.closePort(forward(free));
    await link.closePort(forward(free));
    await link.closePort({ ...SSH });
    expect(forwards).to.deep.equal([SSH]);
  });

  it('are refused with who has them, and nothing is opened', async () => {
    await openLink();
    startAgent();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const { port } = server.address() as AddressInfo;
    const who = process.platform === 'linux' ? ` by \\S+ \\(pid ${process.pid}\\)` : '';
    const inUse = (name: string): RegExp => new RegExp(`^port ${name} on this computer is in use${who}$`);
    try {
      const answers = await Promise.all([
        link.openPort(forward(port)),
        link.openPort(forward(port, { hostAddress: '0.0.0.0' })),
        link.openPort(forward(udp.address().port, { proto: 'udp' })),
        link.openPort(forward(8080, { hostAddress: '192.0.2.1' })),
      ]);
      const reasons = answers.map((answer) => (answer.ok ? 'opened' : answer.message));
      expect(reasons[0]).to.match(inUse(`127.0.0.1:${port}`));
      expect(reasons[1]).to.match(inUse(`0.0.0.0:${port}`));
      expect(reasons[2]).to.match(inUse(`127.0.0.1:${udp.address().port}/udp`));
      expect(reasons[3]).to.match(/it has no address 192\.0\.2\.1$/);
      expect(answers.map((answer) => answer.ok || answer.code)).to.deep.equal([
        'inUse',
        'inUse',
        'inUse',
        'failed',
      ]);
      expect(forwards).to.deep.equal([SSH]);
    } finally {
      server.close();
      udp.close();
    }
  });

  it('wait for an agent that is coming, and say so when none does', async () => {
    await openLink(400);
    const [free, other] = [await freePort(), await freePort()];
    const refused = await link.openPort(forward(free)).catch(String);
    expect(refused).to.match(/:\d+ can't be published: no Wherry agent of the host is connected/);
    await link.closePort(forward(free));
    link.stop();
    await openLink();
    const opening = link.openPort(forward(other));
    startAgent();
    expect(await opening).to.have.property('ok', true);
  });

  it('are as the engine wants them after an agent’s end and after an engine’s', async () => {
    await openLink();
    const first = startAgent();
    const [a, b] = [forward(await freePort()), forward(await freePort())];
    await link.openPort(a);
    first.abort(new Error('killed'));
    // What was closed while nobody listened, and what some agent's crash left undone.
    wanted = [b];
    startAgent();
    await link.openPort(b);
    expect(forwards).to.deep.equal([SSH, b]);

    link.stop();
    wanted = [a];
    await openLink();
    await link.openPort(a);
    expect(forwards).to.deep.equal([SSH, a]);
    expect(errors).to.deep.equal([]);
  });
});
