import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import type { BootImage, Driver } from '../../../src/drivers/driver.ts';
import { WherryError } from '../../../src/core/errors.ts';
import { createMachine } from '../../../src/machine/create.ts';
import type { MachineContext } from '../../../src/machine/context.ts';
import { machinesWithImage } from '../../../src/machine/image-claim.ts';
import { machineStatus } from '../../../src/machine/status.ts';
import { stopMachine } from '../../../src/machine/stop.ts';
import { upgradeMachine } from '../../../src/machine/upgrade.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

describe('machine upgrade', () => {
  let world: MachineWorld;
  let context: MachineContext;
  /** The ids of the images that were booted, in order; those in `bad` don't come up. */
  let booted: string[];
  let bad: Set<string>;
  let newest: string;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
    [booted, bad, newest] = [[], new Set(), 'image-1'];
    const image = (id: string): Promise<BootImage> =>
      Promise.resolve({ id, arch: 'amd64', kernel: '', initrd: '', systemDisk: '', commandLine: '' });
    const images = { ensure: () => image('image-1'), newest: () => image(newest), get: image };
    const drivers = {
      ...world.context.drivers,
      driver: async (name: string) => composed(await world.context.drivers.driver(name)),
    };
    context = { ...world.context, images, drivers };
  });
  afterEach(() => world.end());

  /** The fake driver with images. */
  const composed = (driver: Driver): Driver => ({
    ...driver,
    capabilities: { ...driver.capabilities, composedImage: driver.capabilities.lifecycle },
    start: async (spec, options) => {
      booted.push(spec.image.id);
      if (bad.has(spec.image.id)) throw new Error(`${spec.image.id} hangs`);
      return driver.start(spec, options);
    },
  });
  const create = (start = true): Promise<unknown> =>
    createMachine(context, { name: 'x', driver: 'fake', start }, world.report, world.signal);
  const upgrade = (): Promise<void> => upgradeMachine(context, 'x', world.report, world.signal);
  const state = async () => [
    (await context.store.load('x')).config.imageId,
    await machineStatus(context, 'x'),
  ];

  it('boots the newer image and keeps it, of what runs and of what is stopped', async () => {
    await create();
    newest = 'image-2';
    await upgrade();
    expect(await state()).to.deep.equal(['image-2', 'Running']);
    await stopMachine(context, 'x', world.report);
    newest = 'image-3';
    await upgrade();
    expect(await state()).to.deep.equal(['image-3', 'Running']);
    expect(booted).to.deep.equal(['image-1', 'image-2', 'image-3']);
    expect(world.steps.at(-1)).to.equal('note: Machine "x" has the image image-3 now, in place of image-2.');
  });

  it('leaves alone what is up to date; a stopped one runs afterwards', async () => {
    await create();
    await upgrade();
    expect(booted).to.deep.equal(['image-1']);
    expect(world.steps.at(-1)).to.equal('note: Machine "x" is already up to date.');
    await stopMachine(context, 'x', world.report);
    await upgrade();
    expect(await state()).to.deep.equal(['image-1', 'Running']);
  });

  it('goes back to the old image where the new one does not come up, and says so', async () => {
    await create();
    newest = 'image-2';
    bad.add('image-2');
    expect(await failureOf(upgrade())).to.equal(
      'UPGRADE_FAILED: machine "x" did not come up with the image image-2: image-2 hangs; it runs its old image image-1 again',
    );
    expect(await state()).to.deep.equal(['image-1', 'Running']);
    expect(world.steps).to.include('note: The new image did not come up: back to image-1.');
    bad.add('image-1');
    expect(await failureOf(upgrade())).to.contain('image-2 hangs; with its old image image-1: image-1 hangs');
    expect(await state()).to.deep.equal(['image-1', 'Stopped']);
  });

  it('still has the old image while the new one boots: a crash there costs nothing', async () => {
    await create();
    newest = 'image-2';
    const stop = new AbortController();
    const drivers = {
      ...context.drivers,
      driver: async (name: string) => {
        const driver = await context.drivers.driver(name);
        return {
          ...driver,
          start: async () => {
            expect((await context.store.load('x')).config.imageId).to.equal('image-1');
            expect(await machineStatus(context, 'x')).to.equal('Starting');
            stop.abort(new Error('Ctrl-C'));
            throw stop.signal.reason as Error;
          },
        };
      },
    };
    const cut = upgradeMachine({ ...context, drivers }, 'x', world.report, stop.signal);
    expect(await failureOf(cut)).to.contain('Ctrl-C');
    expect(await state()).to.deep.equal(['image-1', 'Stopped']);
  });

  /** Notes who has `image-2` while the driver does `what`. */
  const usersDuring = (what: 'create' | 'start', users: string[][], then: () => void = () => undefined) => ({
    ...context,
    drivers: {
      ...context.drivers,
      driver: async (name: string): Promise<Driver> => {
        const driver = await context.drivers.driver(name);
        const look = async () => {
          users.push(await machinesWithImage(context, 'image-2'));
          then();
        };
        const create: Driver['create'] = async (spec) => {
          await look();
          await driver.create(spec);
        };
        const start: Driver['start'] = async (spec, options) => {
          await look();
          return driver.start(spec, options);
        };
        return what === 'create' ? { ...driver, create } : { ...driver, start };
      },
    },
  });
  const gone = () =>
    Promise.reject(new WherryError({ code: 'IMAGE_NOT_FOUND', message: 'No image "image-2"' }));

  it('has the new image counted as used from before its boot until it is saved, or the machine is back', async () => {
    await create();
    newest = 'image-2';
    bad.add('image-2');
    const users: string[][] = [];
    const upgrading = upgradeMachine(usersDuring('start', users), 'x', world.report, world.signal);
    expect(await failureOf(upgrading)).to.contain('UPGRADE_FAILED');
    expect(users).to.deep.equal([['x'], ['x']]);
    expect(await machinesWithImage(context, 'image-2')).to.deep.equal([]);
    bad.clear();
    await upgrade();
    expect(await machinesWithImage(context, 'image-2')).to.deep.equal(['x']);
    expect(await machinesWithImage(context, 'image-1')).to.deep.equal([]);
  });

  it('counts that of a machine that is being made, and nothing that a crash has left', async () => {
    const images = { ...context.images, ensure: () => context.images.get('image-2') };
    const users: string[][] = [];
    const making = { ...usersDuring('create', users), images };
    const request = { name: 'x', driver: 'fake', start: false };
    await createMachine(making, request, world.report, world.signal);
    expect(users).to.deep.equal([['x']]);
    await writeFile(context.store.files('left').imageClaim, 'image-2');
    expect(await machinesWithImage(context, 'image-2')).to.deep.equal(['x']);
    const late = { ...making, images: { ...images, get: gone } };
    expect(
      await failureOf(createMachine(late, { ...request, name: 'y' }, world.report, world.signal)),
    ).to.equal('IMAGE_NOT_FOUND: the VM image image-2 has been removed meanwhile');
    expect(await context.store.names()).to.deep.equal(['x']);
  });

  it('stays as it is where the new image has been removed before the boot, goes back where it was during it', async () => {
    await create();
    newest = 'image-2';
    const image = (id: string) => context.images.get(id);
    const get = (id: string) => (id === 'image-2' ? gone() : image(id));
    const before = { ...context, images: { ...context.images, get } };
    expect(await failureOf(upgradeMachine(before, 'x', world.report, world.signal))).to.contain(
      'IMAGE_NOT_FOUND',
    );
    expect(booted).to.deep.equal(['image-1']);
    expect(await state()).to.deep.equal(['image-1', 'Running']);
    let there = true;
    const images = { ...context.images, get: (id: string) => (there ? image(id) : get(id)) };
    const during = { ...usersDuring('start', [], () => (there = false)), images };
    expect(await failureOf(upgradeMachine(during, 'x', world.report, world.signal))).to.equal(
      'UPGRADE_FAILED: machine "x" did not come up with the image image-2: the VM image image-2 has been removed meanwhile; it runs its old image image-1 again',
    );
    expect(booted).to.deep.equal(['image-1', 'image-2', 'image-1']);
    expect(await state()).to.deep.equal(['image-1', 'Running']);
  });

  it('refuses what somebody else runs', async () => {
    const request = { name: 'x', driver: 'none', driverOptions: { url: 'unix:///nowhere' } };
    await createMachine(context, request, world.report, world.signal);
    expect(await failureOf(upgrade())).to.contain('NOT_SUPPORTED: machine "x" has the driver "none"');
    const missing = upgradeMachine(context, 'nope', world.report, world.signal);
    expect(await failureOf(missing)).to.contain('MACHINE_NOT_FOUND');
  });
});
