import { expect } from 'chai';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { MachineSpec } from '../../../src/drivers/driver.ts';
import { cloneMachine } from '../../../src/machine/clone.ts';
import { createMachine, type CreateRequest } from '../../../src/machine/create.ts';
import { createSnapshot } from '../../../src/machine/snapshots/snapshots.ts';
import { startMachine } from '../../../src/machine/start.ts';
import { machineStatus } from '../../../src/machine/status.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

describe('machine clone', () => {
  let world: MachineWorld;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
  });
  afterEach(() => world.end());

  const create = (more: Partial<CreateRequest> = {}): Promise<unknown> =>
    createMachine(
      world.context,
      { name: 'a', driver: 'fake', start: false, ...more },
      world.report,
      world.signal,
    );
  const clone = (source = 'a', target = 'b', signal = world.signal): Promise<void> =>
    cloneMachine(world.context, { source, target }, world.report, signal);
  const filesOf = (name: string) => world.context.store.files(name);
  const machines = () => readdir(`${world.home}/machines`);

  it('has the settings and the disk, keys and an identity of its own, and starts', async () => {
    await create({ cpus: 3, diskGiB: 9, engine: { labels: ['a=b'] } });
    await writeFile(filesOf('a').dataDisk, 'what was on it');
    await createSnapshot(world.context, 'a', 's', world.report, world.signal);
    await clone();
    const [a, b] = await Promise.all(['a', 'b'].map((name) => world.context.store.load(name)));
    expect(await readFile(b!.files.dataDisk, 'utf8')).to.equal('what was on it');
    const { name, createdAt, identity, ...rest } = b!.config;
    expect({ ...a!.config, ...rest }).to.deep.equal(a!.config);
    expect([name, identity?.length]).to.deep.equal(['b', 36]);
    expect(Date.parse(createdAt)).to.be.at.least(Date.parse(a!.config.createdAt));
    for (const file of ['clientKey', 'hostKey', 'knownHosts'] as const) {
      expect(await readFile(b!.files[file])).not.to.deep.equal(await readFile(a!.files[file]));
      expect((await stat(b!.files[file])).mode & 0o777).to.equal(0o600);
    }
    expect(await readdir(b!.files.directory)).not.to.include('snapshots');
    await startMachine(world.context, 'b', world.report, world.signal);
    expect(await machineStatus(world.context, 'a')).to.equal('Stopped');
    expect(await machineStatus(world.context, 'b')).to.equal('Running');
    const tar = await readFile(b!.files.configDisk, 'latin1');
    expect(tar).to.contain(`${identity}\n`);
    // A clone's clone is another one again.
    await clone('a', 'c');
    expect((await world.context.store.load('c')).config.identity).not.to.equal(identity);
  });

  it('takes no machine that runs, none whose disk is somebody else’s, no name that is taken or none', async () => {
    await create({ start: true });
    expect(await failureOf(clone())).to.equal(
      'MACHINE_NOT_OFF: clone: machine "a" is not stopped, and its disk is written to',
    );
    const url = { driver: 'none', driverOptions: { url: 'unix:///nowhere' } };
    await create({ name: 'n', ...url });
    expect(await failureOf(clone('n'))).to.contain('NOT_SUPPORTED: clone: machine "n" has the driver "none"');
    expect(await failureOf(clone('a', 'n'))).to.contain('MACHINE_EXISTS');
    expect(await failureOf(clone('a', 'a'))).to.contain('MACHINE_EXISTS');
    expect(await failureOf(clone('a', 'no_name'))).to.contain('INVALID_NAME');
    expect(await failureOf(clone('x'))).to.contain('MACHINE_NOT_FOUND');
    for (const name of ['a', 'b']) {
      const held = await world.context.store.lock(name, { verb: 'start' });
      expect(await failureOf(clone()), name).to.contain(`LOCKED: another wherry (pid ${process.pid}`);
      await held.release();
    }
    expect((await machines()).sort()).to.deep.equal(['a', 'n']);
  });

  it('leaves nothing when it is interrupted, and the original as it was', async () => {
    await create();
    const stop = new AbortController();
    // After the copy, which is made in other ways elsewhere.
    const drivers = {
      ...world.context.drivers,
      driver: async (name: string) => ({
        ...(await world.context.drivers.driver(name)),
        create: async ({ dataDisk }: MachineSpec) => {
          expect((await stat(dataDisk)).isFile()).to.equal(true);
          stop.abort(new Error('Ctrl-C'));
        },
      }),
    };
    const names = { source: 'a', target: 'b' };
    const cut = cloneMachine({ ...world.context, drivers }, names, world.report, stop.signal);
    expect(await failureOf(cut)).to.contain('Ctrl-C');
    expect(await machines()).to.deep.equal(['a']);
    await clone();
    expect((await machines()).sort()).to.deep.equal(['a', 'b']);
  });
});
