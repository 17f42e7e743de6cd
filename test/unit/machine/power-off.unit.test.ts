import { expect } from 'chai';
import type { BootImage, Driver } from '../../../src/drivers/driver.ts';
import { createMachine } from '../../../src/machine/create.ts';
import type { MachineContext } from '../../../src/machine/context.ts';
import { regenerateCerts } from '../../../src/machine/regenerate-certs.ts';
import { restartMachine } from '../../../src/machine/restart.ts';
import { setMachine } from '../../../src/machine/set.ts';
import { killMachine, stopMachine } from '../../../src/machine/stop.ts';
import { upgradeMachine } from '../../../src/machine/upgrade.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

describe('a machine whose stop saves it', () => {
  let world: MachineWorld;
  let context: MachineContext;
  /** What the VM went through, in order. */
  let seen: string[];
  let saved: boolean;
  let newest: string;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
    [seen, saved, newest] = [[], false, 'image-1'];
    const image = (id: string): Promise<BootImage> =>
      Promise.resolve({ id, arch: 'amd64', kernel: '', initrd: '', systemDisk: '', commandLine: '' });
    const images = { ensure: () => image('image-1'), newest: () => image(newest), get: image };
    const drivers = {
      ...world.context.drivers,
      driver: async (name: string) => saving(await world.context.drivers.driver(name)),
    };
    context = { ...world.context, images, drivers };
    await createMachine(context, { name: 'x', driver: 'fake', start: true }, world.report, world.signal);
    seen.length = 0;
  });
  afterEach(() => world.end());

  /** The fake driver with images, and with a state that its start goes on from. */
  const saving = (driver: Driver): Driver => ({
    ...driver,
    capabilities: { ...driver.capabilities, composedImage: driver.capabilities.lifecycle },
    async start(spec, options) {
      seen.push(saved ? 'resumed' : 'booted');
      saved = false;
      return driver.start(spec, options);
    },
    async stop(spec, timeoutMs, { powerOff = false } = {}) {
      saved = !powerOff;
      seen.push(powerOff ? 'powered off' : 'saved');
      await driver.stop(spec, timeoutMs);
    },
    async kill(spec) {
      saved = false;
      seen.push('killed');
      await driver.kill(spec);
    },
    async status(spec) {
      const status = await driver.status(spec);
      return status.status === 'stopped' && saved ? { ...status, saved } : status;
    },
  });

  const verbs: Readonly<Record<string, () => Promise<void>>> = {
    restart: () => restartMachine(context, 'x', world.report, world.signal),
    'set --restart': () => setMachine(context, 'x', { cpus: 7 }, true, world.report, world.signal),
    'regenerate-certs': () => regenerateCerts(context, 'x', world.report, world.signal),
    upgrade: () => upgradeMachine(context, 'x', world.report, world.signal),
  };
  for (const [verb, run] of Object.entries(verbs)) {
    it(`boots after ${verb}, whatever its stop does`, async () => {
      newest = 'image-2';
      await run();
      expect(seen).to.deep.equal(['powered off', 'booted']);
    });
  }

  for (const verb of ['restart', 'regenerate-certs', 'upgrade']) {
    it(`that is saved is powered down by ${verb}, and what starts it then boots it`, async () => {
      await stopMachine(context, 'x', world.report);
      newest = 'image-2';
      await verbs[verb]?.();
      const after = verb === 'regenerate-certs' ? [] : ['booted'];
      expect(seen).to.deep.equal(['saved', 'powered off', ...after]);
    });
  }

  it('that is saved can be killed, once: then nothing is left of what was saved', async () => {
    await stopMachine(context, 'x', world.report);
    expect(await failureOf(stopMachine(context, 'x', world.report))).to.contain('ALREADY_STOPPED');
    await killMachine(context, 'x', world.report);
    expect(await failureOf(killMachine(context, 'x', world.report))).to.contain('ALREADY_STOPPED');
    expect(seen).to.deep.equal(['saved', 'killed']);
  });

  it('is told that a saved one takes up its settings with a restart', async () => {
    await stopMachine(context, 'x', world.report);
    await verbs['set --restart']?.();
    expect(seen).to.deep.equal(['saved']);
    expect(world.steps.at(-1)).to.contain('wherry machine restart x');
  });
});
