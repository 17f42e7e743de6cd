import { expect } from 'chai';
import type { BootImage, Driver } from '../../../src/drivers/driver.ts';
import { createMachine } from '../../../src/machine/create.ts';
import type { MachineContext } from '../../../src/machine/context.ts';
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

  it('refuses what somebody else runs', async () => {
    const request = { name: 'x', driver: 'none', driverOptions: { url: 'unix:///nowhere' } };
    await createMachine(context, request, world.report, world.signal);
    expect(await failureOf(upgrade())).to.contain('NOT_SUPPORTED: machine "x" has the driver "none"');
    const missing = upgradeMachine(context, 'nope', world.report, world.signal);
    expect(await failureOf(missing)).to.contain('MACHINE_NOT_FOUND');
  });
});
