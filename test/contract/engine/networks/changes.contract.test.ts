import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EventBus } from '../../../../src/engine/events.ts';
import { openNetworks } from '../../../../src/engine/networks/networks.ts';
import type { Networks } from '../../../../src/engine/networks/networks.ts';
import { smallDisk } from '../../../helpers/small-disk.ts';

/** Networks as records: without a container nothing of them is in the kernel. */
describe('changes of networks', () => {
  let directory: string;
  let dataDir: string;
  const opened: Networks[] = [];
  const open = async (): Promise<Networks> => {
    const networks = await openNetworks({
      dataDir,
      runDir: join(directory, 'run'),
      events: new EventBus(),
      cgroup: { root: '/none', parent: '/none' },
      onUpstreamFailure: () => undefined,
    });
    opened.push(networks);
    return networks;
  };
  const names = (networks: Networks): string[] => networks.list().map(({ record }) => record.name);
  const network = (name: string) => ({ name, labels: {} });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-networks-'));
    dataDir = join(directory, 'data');
    mkdirSync(dataDir);
  });
  afterEach(() => {
    for (const networks of opened.splice(0)) networks.close();
    rmSync(directory, { recursive: true });
  });

  it('may be asked for at once: all happen, and all are stored', async () => {
    const networks = await open();
    await networks.create(network('old'));
    const wanted = Array.from({ length: 12 }, (_, index) => `n${index}`);
    const outcomes = await Promise.allSettled([
      ...wanted.map((name) => networks.create(network(name))),
      networks.remove('old'),
      networks.create(network('n3')),
    ]);
    const failed = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as Error).message] : [],
    );
    expect(failed).to.deep.equal(['network with name n3 already exists']);
    expect(names(await open())).to.deep.equal(['bridge', 'host', 'none', ...wanted]);
    const subnets = networks.list().map(({ record }) => ('subnet' in record ? record.subnet : record.name));
    expect(new Set(subnets).size).to.equal(subnets.length);
    expect(readdirSync(dataDir)).to.deep.equal(['networks.json']);
  });

  it('that a full disk refuses have not happened', async () => {
    using disk = smallDisk(64 * 1024);
    dataDir = disk.path;
    const networks = await open();
    await networks.create(network('kept'));
    disk.fill();
    for (const change of [networks.create(network('new')), networks.remove('kept')]) {
      const error = await change.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.include({ code: 'ENOSPC' });
    }
    expect(names(networks)).to.deep.equal(['bridge', 'host', 'none', 'kept']);
    disk.free();
    await networks.create(network('new'));
    expect(names(await open())).to.deep.equal(['bridge', 'host', 'none', 'kept', 'new']);
  });

  it('that a crash cut short leave no file for long', async () => {
    writeFileSync(join(dataDir, 'networks.json.c0ffee.new'), '{"vers');
    expect(names(await open())).to.deep.equal(['bridge', 'host', 'none']);
    expect(readdirSync(dataDir)).to.deep.equal(['networks.json']);
  });
});
