import { expect } from 'chai';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMachine } from '../../../src/machine/create.ts';
import { regenerateCerts } from '../../../src/machine/regenerate-certs.ts';
import { startMachine } from '../../../src/machine/start.ts';
import { machineStatus } from '../../../src/machine/status.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

describe('machine regenerate-certs', () => {
  let world: MachineWorld;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
  });
  afterEach(() => world.end());

  const create = (start: boolean): Promise<unknown> =>
    createMachine(world.context, { name: 'x', driver: 'fake', start }, world.report, world.signal);
  const regenerate = (): Promise<void> => regenerateCerts(world.context, 'x', world.report, world.signal);
  const keys = async (): Promise<string[]> => {
    const files = world.context.store.files('x');
    const paths = [files.clientKey, files.clientPublicKey, files.hostKey, files.knownHosts];
    return Promise.all(paths.map((path) => readFile(path, 'latin1')));
  };

  it('replaces all four files, owner-only; what was stopped stays so, what ran is restarted', async () => {
    await create(false);
    const before = await keys();
    await regenerate();
    const after = await keys();
    for (const [index, text] of after.entries()) expect(text).not.to.equal(before[index]);
    expect((await stat(world.context.store.files('x').clientKey)).mode & 0o777).to.equal(0o600);
    expect(await readdir(world.context.store.files('x').directory)).not.to.include('keys.new');
    expect(await machineStatus(world.context, 'x')).to.equal('Stopped');
    await startMachine(world.context, 'x', world.report, world.signal);
    world.steps.splice(0);
    await regenerate();
    expect(world.steps.map((step) => step.split(':')[0])).to.deep.equal([
      'Stop "x"',
      'Make new SSH keys',
      'Start',
    ]);
    expect(await machineStatus(world.context, 'x')).to.equal('Running');
  });

  it('is finished by the next start where a crash cut it off after it was decided, and else hasn’t happened', async () => {
    await create(false);
    const before = await keys();
    const { directory, newKeys } = world.context.store.files('x');
    await mkdir(`${newKeys}~`);
    await writeFile(join(`${newKeys}~`, 'id_ed25519'), 'half');
    await startMachine(world.context, 'x', world.report, world.signal);
    expect(await keys()).to.deep.equal(before);
    expect(await readdir(directory)).not.to.include('keys.new~');
    await regenerate();
    const [client = '', ...others] = await keys();
    // As if the last two renames hadn't been.
    await mkdir(newKeys);
    for (const name of ['known_hosts', 'dropbear_ed25519_host_key']) {
      await rename(join(directory, name), join(newKeys, name));
      await writeFile(join(directory, name), 'old');
    }
    await regenerate();
    expect(await readdir(directory)).not.to.include.any.members(['keys.new', 'keys.new~']);
    const now = await keys();
    expect(now.some((text) => text === 'old' || text === client || others.includes(text))).to.equal(false);
  });

  it('knows no other machines, and waits for nobody else’s work', async () => {
    expect(await failureOf(regenerate())).to.contain('MACHINE_NOT_FOUND');
    await create(false);
    const held = await world.context.store.lock('x', { verb: 'start' });
    expect(await failureOf(regenerate())).to.contain('LOCKED');
    await held.release();
  });
});
