import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WherryError } from '../../../src/core/errors.ts';
import { createMachine } from '../../../src/machine/create.ts';
import { removeMachine } from '../../../src/machine/rm.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

describe('machine rm', () => {
  let world: MachineWorld;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
  });
  afterEach(() => world.end());

  it('removes by force what no hypervisor is left for, and asks the driver that a broken machine.json names', async () => {
    await createMachine(
      world.context,
      { name: 'x', driver: 'fake', start: false },
      world.report,
      world.signal,
    );
    const files = world.context.store.files('x');
    const driver = await world.context.drivers.driver('fake');
    const asked: string[] = [];
    let code = 'HYPERV_DENIED';
    const refuse = () => Promise.reject(new WherryError({ code, message: 'no Get-VM' }));
    const context = {
      ...world.context,
      drivers: {
        ...world.context.drivers,
        driver: (name: string) => {
          asked.push(name);
          return Promise.resolve({ ...driver, kill: refuse, remove: refuse });
        },
      },
    };
    for (const text of ['{"driver": "hyperv", "cpus": -1}', '{"driver":"hyperv",']) {
      await writeFile(files.config, text);
      expect(await failureOf(removeMachine(context, 'x', { force: true }))).to.equal(
        'HYPERV_DENIED: no Get-VM',
      );
    }
    await writeFile(files.config, '');
    await failureOf(removeMachine(context, 'x', { force: true }));
    await writeFile(join(files.directory, 'data.vhdx'), '');
    await failureOf(removeMachine(context, 'x', { force: true }));
    expect(asked).to.deep.equal(['hyperv', 'hyperv', 'qemu', 'hyperv']);
    code = 'HYPERV_MISSING';
    const left: string[] = [];
    await removeMachine(context, 'x', { force: true, onLeft: (reason) => left.push(reason) });
    expect(left).to.deep.equal(['no Get-VM']);
    expect(await world.context.store.names()).to.deep.equal([]);
  });
});
