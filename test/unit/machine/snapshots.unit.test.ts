import { expect } from 'chai';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMachine } from '../../../src/machine/create.ts';
import { setMachine } from '../../../src/machine/set.ts';
import {
  createSnapshot,
  dropSnapshot,
  machineSnapshots,
  restoreSnapshot,
} from '../../../src/machine/snapshots/snapshots.ts';
import { readSnapshotRecord } from '../../../src/machine/snapshots/snapshot-store.ts';
import { startMachine } from '../../../src/machine/start.ts';
import { CONFIG_VERSION } from '../../../src/machine/store/machine-config.ts';
import { migrate } from '../../../src/machine/store/migrations/migrate.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

describe('machine snapshot', () => {
  let world: MachineWorld;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
    const request = { name: 'x', driver: 'fake', start: false, cpus: 1, diskGiB: 5 };
    await createMachine(world.context, request, world.report, world.signal);
    await write('one');
  });
  afterEach(() => world.end());

  const files = () => world.context.store.files('x');
  const write = (text: string): Promise<void> => writeFile(files().dataDisk, text);
  const disk = (): Promise<string> => readFile(files().dataDisk, 'utf8');
  const config = async () => (await world.context.store.load('x')).config;
  const make = (name?: string) => createSnapshot(world.context, 'x', name, world.report, world.signal);
  const restore = (name: string) => restoreSnapshot(world.context, 'x', name, world.report, world.signal);
  const drop = (name: string) => dropSnapshot(world.context, 'x', name, world.signal);
  const set = (cpus: number) => setMachine(world.context, 'x', { cpus }, false, world.report, world.signal);
  const start = () => startMachine(world.context, 'x', world.report, world.signal);
  const names = async () => (await machineSnapshots(world.context, 'x')).map(({ name }) => name);

  it('brings an older Wherry’s settings up to date, as it does a machine’s', async () => {
    await make('s');
    const path = join(files().snapshots, 's', 'snapshot.json');
    const record = readSnapshotRecord(await readFile(path, 'utf8'));
    const { cpus, ...rest } = record.config;
    const of = (configVersion: number) =>
      JSON.stringify({ ...record, config: { ...rest, cores: cpus, configVersion } });
    const step = ({ cores, ...config }: Record<string, unknown>) => ({ ...config, cpus: cores });
    const steps = new Map([[CONFIG_VERSION - 1, step]]);
    const upToDate = (config: unknown) => migrate(config, CONFIG_VERSION, steps);
    expect(readSnapshotRecord(of(CONFIG_VERSION - 1), upToDate)).to.deep.equal(record);
    await writeFile(path, of(CONFIG_VERSION + 1));
    expect(await failureOf(restore('s'))).to.contain(
      `configVersion ${CONFIG_VERSION + 1}; this Wherry knows up to ${CONFIG_VERSION}`,
    );
  });

  it('keeps disk and settings, brings both back, as often as one likes, and is removed', async () => {
    expect(await make('s1')).to.equal('s1');
    await write('two');
    await set(4);
    const byTime = await make();
    expect(byTime).to.match(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
    expect(await names()).to.deep.equal(['s1', byTime]);
    for (const _ of [1, 2]) {
      await restore('s1');
      expect([await disk(), (await config()).cpus]).to.deep.equal(['one', 1]);
      await write('spoilt');
    }
    await restore(byTime);
    expect([await disk(), (await config()).cpus]).to.deep.equal(['two', 4]);
    const id = { ...(await config()), imageId: 'newer' };
    await world.context.store.save(id);
    await restore('s1');
    // The snapshot's may have been removed since.
    expect((await config()).imageId).to.equal('newer');
    await drop('s1');
    expect(await names()).to.deep.equal([byTime]);
    expect(await failureOf(restore('s1'))).to.equal('SNAPSHOT_NOT_FOUND: machine "x" has no snapshot "s1"');
    await start();
  });

  it('is taken of a stopped machine alone, under a name that is free', async () => {
    await make('s');
    expect(await failureOf(make('s'))).to.equal('SNAPSHOT_EXISTS: machine "x" has a snapshot "s" already');
    expect(await failureOf(make('../s'))).to.contain('INVALID_NAME');
    expect(await failureOf(drop('../snapshots'))).to.contain('SNAPSHOT_NOT_FOUND');
    expect(await failureOf(restore('.'))).to.contain('SNAPSHOT_NOT_FOUND');
    await start();
    for (const [what, work] of [
      ['snapshot', () => make('t')],
      ['restore', () => restore('s')],
    ] as const) {
      expect(await failureOf(work())).to.equal(
        `MACHINE_NOT_OFF: ${what}: machine "x" is not stopped, and its disk is written to`,
      );
    }
    const held = await world.context.store.lock('x', { verb: 'start' });
    for (const work of [() => make('t'), () => restore('s'), () => drop('s')]) {
      expect(await failureOf(work())).to.contain('LOCKED');
    }
    await held.release();
    expect(await names()).to.deep.equal(['s']);
  });

  it('says of a damaged one why it can’t be used, lists it, and removes it', async () => {
    await make('s');
    await writeFile(join(files().snapshots, 's', 'snapshot.json'), '{');
    await make('t');
    const [, broken] = await machineSnapshots(world.context, 'x');
    expect(broken).to.have.property('broken').that.contains('JSON');
    expect(await failureOf(restore('s'))).to.contain('SNAPSHOT_BROKEN: snapshot "s" of machine "x"');
    await drop('s');
    expect(await names()).to.deep.equal(['t']);
  });

  it('sweeps what a crash left of making and removing one', async () => {
    await make('s');
    await mkdir(join(files().snapshots, '.new-t~0123'));
    await cp(join(files().snapshots, 's'), join(files().snapshots, '.old-u~4567'), { recursive: true });
    expect(await names()).to.deep.equal(['s']);
    await make('t');
    expect((await readdir(files().snapshots)).sort()).to.deep.equal(['s', 't']);
  });

  it('is restored whole or not at all, wherever a crash comes', async () => {
    await make('s');
    await write('two');
    await set(4);
    const { restored, directory, dataDisk, config: configFile } = files();
    // Before the decision: nothing has happened.
    await mkdir(`${restored}~`);
    await writeFile(join(`${restored}~`, 'data.img'), 'half');
    await start();
    expect([await disk(), (await config()).cpus]).to.deep.equal(['two', 4]);
    await rm(join(directory, 'fake-vm.json'));
    // After it, with none, one or both of the renames done: the next command finishes it.
    for (const done of [[], ['data.img'], ['machine.json'], ['data.img', 'machine.json']]) {
      await restore('s');
      const kept = { 'data.img': await readFile(dataDisk), 'machine.json': await readFile(configFile) };
      await mkdir(restored);
      for (const name of ['data.img', 'machine.json'] as const) {
        if (done.includes(name)) continue;
        await writeFile(join(restored, name), kept[name]);
        if (name === 'data.img') await write('two');
        else await world.context.store.save({ ...(await config()), cpus: 4 });
      }
      await start();
      expect([await disk(), (await config()).cpus], done.join()).to.deep.equal(['one', 1]);
      expect(await readdir(directory)).not.to.include.any.members(['restored', 'restored~']);
      await rm(join(directory, 'fake-vm.json'));
    }
    // `set` must not be undone by it.
    await mkdir(restored);
    await rename(dataDisk, join(restored, 'data.img'));
    await cp(configFile, join(restored, 'machine.json'));
    await set(7);
    expect([await disk(), (await config()).cpus]).to.deep.equal(['one', 7]);
  });
});
