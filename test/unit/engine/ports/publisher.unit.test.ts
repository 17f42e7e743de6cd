import { expect } from 'chai';
import type { Endpoint, NetworkManager, PortRequest } from '../../../../src/engine/networks/contract.ts';
import type { PortHost } from '../../../../src/engine/ports/host-link.ts';
import { PortTable } from '../../../../src/engine/ports/port-table.ts';
import { Publisher } from '../../../../src/engine/ports/publisher.ts';
import { publishingNetworks } from '../../../../src/engine/ports/publishing-networks.ts';
import { portRules, type PortRule } from '../../../../src/engine/ports/rules.ts';

/** A computer on which some ports belong to others. */
async function lab(occupied: readonly number[] = []) {
  const made = restarted(occupied);
  await made.publisher.restored();
  return made;
}

/** With an engine that is about to take over what an earlier one left. */
function restarted(occupied: readonly number[] = [], ruled = false) {
  const open = new Set<number>();
  const errors: unknown[] = [];
  const loads: string[][] = [];
  const host: PortHost = {
    openPort: ({ hostPort }) => {
      if (occupied.includes(hostPort)) {
        return Promise.resolve({
          id: 1,
          ok: false,
          code: 'inUse',
          message: `port ${hostPort} is in use by x (pid 1)`,
        });
      }
      open.add(hostPort);
      return Promise.resolve({ id: 1, ok: true });
    },
    closePort: ({ hostPort }) => {
      open.delete(hostPort);
      return Promise.resolve();
    },
  };
  const loadRules = (rules: readonly PortRule[]): Promise<void> => {
    loads.push(rules.map(({ guestPort, ipv4, containerPort }) => `${guestPort}>${ipv4}:${containerPort}`));
    return new Promise((resolve) => setImmediate(resolve));
  };
  const table = new PortTable();
  const publisher = new Publisher({
    table,
    host,
    loadRules,
    hasRules: () => ruled,
    onBackgroundError: (error) => errors.push(error),
  });
  return { publisher, host, open, errors, loads };
}

const wanted = (first: number, last = first, extra: Partial<PortRequest> = {}): PortRequest => ({
  proto: 'tcp',
  containerPort: 80,
  hostAddress: '127.0.0.1',
  hostPorts: { first, last },
  ...extra,
});
const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it worked',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe('publishing ports', () => {
  it('opens, connects and takes back', async () => {
    const { publisher, open, loads, errors } = await lab();
    const [port] = await publisher.open('a', [wanted(8080)]);
    expect(port).to.deep.equal({
      proto: 'tcp',
      containerPort: 80,
      hostAddress: '127.0.0.1',
      hostPort: 8080,
      guestPort: 8080,
    });
    await publisher.connect('a', '172.17.0.2');
    expect(publisher.forwards()).to.deep.equal([
      { proto: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 8080 },
    ]);
    await publisher.release('a');
    await publisher.release('a');
    expect(loads).to.deep.equal([['8080>172.17.0.2:80'], []]);
    expect([...open, ...publisher.forwards(), ...errors]).to.deep.equal([]);
  });

  it('gives a port to one container only, whatever address it is asked for by', async () => {
    const { publisher } = await lab();
    await publisher.open('a', [wanted(8080)]);
    const taken = /^Bind for .*:8080 failed: port is already allocated$/;
    expect(await failure(publisher.open('b', [wanted(8080)]))).to.match(taken);
    expect(await failure(publisher.open('b', [wanted(8080, 8080, { hostAddress: '0.0.0.0' })]))).to.match(
      taken,
    );
    expect(await failure(publisher.open('b', [wanted(8080, 8080, { proto: 'udp' })]))).to.equal('it worked');
    const [other] = await publisher.open('c', [wanted(8080, 8080, { hostAddress: '192.168.1.2' })]);
    expect(other?.guestPort, 'another number in the VM').to.equal(61_000);
  });

  it('opens all or none', async () => {
    const { publisher, open } = await lab([8081]);
    expect(await failure(publisher.open('a', [wanted(8080), wanted(8081)]))).to.equal(
      'port 8081 is in use by x (pid 1)',
    );
    expect([...open]).to.deep.equal([]);
    expect(await failure(publisher.open('b', [wanted(8080)]))).to.equal('it worked');
  });

  it('takes the first free one of a range, and any where any will do', async () => {
    const { publisher } = await lab([8000, 32_769]);
    expect(await publisher.open('a', [wanted(8000, 8002)])).to.have.nested.property('[0].hostPort', 8001);
    expect(await publisher.open('b', [wanted(8000, 8002)])).to.have.nested.property('[0].hostPort', 8002);
    expect(await failure(publisher.open('c', [wanted(8000, 8002)]))).to.match(/already allocated/);
    const any = await publisher.open('d', [wanted(0, 0), wanted(0, 0), wanted(0, 0)]);
    expect(any.map(({ hostPort }) => hostPort).toSorted((a, b) => a - b)).to.deep.equal([
      32_768, 32_770, 32_771,
    ]);
  });

  it('leaves the VM its own ports', async () => {
    const { publisher } = await lab();
    const ports = await publisher.open('a', [wanted(22), wanted(53, 53, { proto: 'udp' })]);
    expect(ports.map(({ hostPort, guestPort }) => [hostPort, guestPort])).to.deep.equal([
      [22, 61_000],
      [53, 61_000],
    ]);
  });

  it('goes on with what an earlier engine published', async () => {
    const { publisher, loads } = restarted();
    const port = {
      proto: 'tcp',
      containerPort: 80,
      hostAddress: '127.0.0.1',
      hostPort: 80,
      guestPort: 61_000,
    } as const;
    publisher.adopt('a', [port], '172.17.0.2');
    publisher.adopt('gone', [{ ...port, hostPort: 82, guestPort: 82 }], '172.17.0.4');
    await publisher.release('gone');
    expect(loads, 'rules about some would take the others’ away').to.deep.equal([]);
    publisher.adopt('b', [{ ...port, hostPort: 81, guestPort: 81 }], '172.17.0.3');
    await publisher.restored();
    expect(loads, 'one program start for both').to.deep.equal([['61000>172.17.0.2:80', '81>172.17.0.3:80']]);
    expect(await failure(publisher.open('c', [wanted(80)]))).to.match(/already allocated/);
  });

  it('takes an earlier engine’s rules away where no container goes on', async () => {
    const first = restarted();
    await first.publisher.restored();
    expect(first.loads, 'nothing to load, no program').to.deep.equal([]);
    const later = restarted([], true);
    await later.publisher.release('ended meanwhile');
    await later.publisher.restored();
    expect(later.loads).to.deep.equal([[]]);
  });

  it('tells an agent that comes in between of the ports that are open so far', async () => {
    const { publisher, host } = await lab();
    const openPort = host.openPort.bind(host);
    const second = Promise.withResolvers<undefined>();
    host.openPort = async (forward) => {
      if (forward.hostPort === 81) await second.promise;
      return await openPort(forward);
    };
    const opened = publisher.open('a', [wanted(81), wanted(80)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(publisher.forwards().map(({ hostPort }) => hostPort)).to.deep.equal([80]);
    second.resolve(undefined);
    expect((await opened).map(({ hostPort }) => hostPort)).to.deep.equal([81, 80]);
    expect(publisher.forwards().map(({ hostPort }) => hostPort)).to.deep.equal([81, 80]);
  });

  it('goes on with the ports of a container whose network can’t be taken over', async () => {
    const { publisher, loads } = restarted();
    const ports = [{ ...wanted(80), hostPort: 80, guestPort: 80 }];
    const endpoints = [{ networkName: 'bridge', ipv4: '172.17.0.2' }] as unknown as readonly Endpoint[];
    const broken = { adoptSandbox: async () => Promise.reject(new Error('the resolver’s port is taken')) };
    const networks = publishingNetworks(broken as unknown as NetworkManager, publisher);
    const request = {
      containerId: 'a',
      containerName: 'a',
      hostname: 'a',
      mode: 'bridge',
      endpoints: [],
    } as const;
    const adopted = networks.adoptSandbox(request, { netnsPath: '/n', nameservers: [], endpoints, ports });
    expect(await failure(adopted)).to.match(/port is taken/);
    await publisher.restored();
    expect(loads).to.deep.equal([['80>172.17.0.2:80']]);
  });

  it('writes no empty lists into its rules', () => {
    expect(portRules([])).not.to.contain('elements');
    const rules = portRules([{ proto: 'udp', guestPort: 5000, ipv4: '172.17.0.2', containerPort: 53 }]);
    expect(rules).to.match(/map udp_ports \{[^\n]*elements = \{ 5000 : 172\.17\.0\.2 \. 53 \}; \}/);
    expect(rules).to.match(/iifname != "lo" ip daddr 127\.0\.0\.0\/8 drop/);
  });

  it("keeps somebody's computer's own ports, and publishes nothing to its neighbours", () => {
    const forward = { proto: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080 } as const;
    expect(new PortTable().take('c', forward)?.guestPort).to.equal(8080);
    expect(new PortTable(false).take('c', forward)?.guestPort).to.equal(61_000);
    const prerouting = (shared: boolean): string | undefined =>
      /chain prerouting \{\n.*\n([\s\S]*?)\n {2}\}/.exec(portRules([], shared))?.[1];
    expect(prerouting(false)).to.equal('    jump publish');
    expect(prerouting(true)).to.equal('    iifname "wherry0" jump publish\n    iifname "br-*" jump publish');
  });
});
