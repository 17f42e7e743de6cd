import { expect } from 'chai';
import { WherryError } from '../../../src/core/errors.ts';
import type { Driver } from '../../../src/drivers/driver.ts';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connectEngine } from '../../../src/machine/connect.ts';
import { createMachine } from '../../../src/machine/create.ts';
import { ensureRunning } from '../../../src/machine/ensure-running.ts';
import { inspectMachine } from '../../../src/machine/inspect.ts';
import { lookAt } from '../../../src/machine/lifecycle.ts';
import { listMachines } from '../../../src/machine/ls.ts';
import { machineLogFile } from '../../../src/machine/logs.ts';
import { machineIp, machineUrl } from '../../../src/machine/machine-url.ts';
import { restartMachine } from '../../../src/machine/restart.ts';
import { removeMachine } from '../../../src/machine/rm.ts';
import { openMachineShell } from '../../../src/machine/ssh.ts';
import { startMachine } from '../../../src/machine/start.ts';
import { machineStatus } from '../../../src/machine/status.ts';
import { killMachine, stopMachine } from '../../../src/machine/stop.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

const unknown = (name: string): string =>
  `MACHINE_NOT_FOUND: Docker machine "${name}" does not exist. Use "wherry machine ls" to list machines. Use "wherry machine create" to add a new one.`;

describe('machine services', () => {
  let world: MachineWorld;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
  });
  afterEach(() => world.end());

  const create = (name: string, more: object = {}): Promise<unknown> =>
    createMachine(world.context, { name, driver: 'fake', ...more }, world.report, world.signal);
  const start = (name: string): Promise<unknown> =>
    startMachine(world.context, name, world.report, world.signal);
  const stop = (name: string): Promise<unknown> => stopMachine(world.context, name, world.report);

  it('creates, with the steps that a person sees, and runs afterwards', async () => {
    await create('default', { diskGiB: 7, cpus: 1, memoryMiB: 1536 });
    expect(world.steps.slice(0, 2)).to.deep.equal([
      'Check this computer: nothing is needed',
      'Create "default": 7 GiB data disk, SSH keys',
    ]);
    expect(world.steps[2]).to.match(/^Start: kernel \d\.\d s · ssh \d\.\d s · engine \d\.\d s$/);
    expect(await machineStatus(world.context, 'default')).to.equal('Running');
    const { files, config } = await world.context.store.load('default');
    expect(config).to.include({ cpus: 1, memoryMiB: 1536, diskGiB: 7, driver: 'fake' });
    for (const path of [files.clientKey, files.hostKey, files.config, files.configDisk]) {
      expect((await stat(path)).mode & 0o777, path).to.equal(0o600);
    }
    expect((await stat(files.directory)).mode & 0o777).to.equal(0o700);
    expect((await readFile(files.configDisk)).subarray(0, 13).toString()).to.equal('wherry-config');
    expect((await stat(files.configDisk)).size % 2 ** 20).to.equal(0);
  });

  it('speaks docker-machine’s words about names and machines that are there or not', async () => {
    expect(await failureOf(create('under_score'))).to.equal(
      'INVALID_NAME: Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -',
    );
    expect(await failureOf(create('x', { driver: 'bogus' }))).to.equal(
      'DRIVER_NOT_FOUND: Driver "bogus" not found. Do you have the plugin binary "docker-machine-driver-bogus" accessible in your PATH?',
    );
    await create('x');
    expect(await failureOf(create('x'))).to.equal('MACHINE_EXISTS: Docker machine "x" already exists');
    expect(await failureOf(machineStatus(world.context, 'nope'))).to.equal(unknown('nope'));
    expect(await failureOf(start('nope'))).to.equal(unknown('nope'));
    expect(await failureOf(inspectMachine(world.context, 'nope'))).to.equal(unknown('nope'));
    expect(await failureOf(machineUrl(world.context, '../etc'))).to.equal(unknown('../etc'));
    expect(await failureOf(removeMachine(world.context, 'nope', { force: false }))).to.equal(
      'MACHINE_NOT_FOUND: Error removing host "nope": Docker machine "nope" does not exist.',
    );
  });

  it('says what a machine is already', async () => {
    await create('x');
    expect(await failureOf(start('x'))).to.equal('ALREADY_RUNNING: Machine "x" is already running.');
    await stop('x');
    expect(await failureOf(stop('x'))).to.equal('ALREADY_STOPPED: Machine "x" is already stopped.');
    expect(await failureOf(killMachine(world.context, 'x', world.report))).to.equal(
      'ALREADY_STOPPED: Machine "x" is already stopped.',
    );
    await restartMachine(world.context, 'x', world.report, world.signal);
    expect(await machineStatus(world.context, 'x')).to.equal('Running');
  });

  it('refuses what needs a running machine', async () => {
    await create('x', { start: false });
    for (const work of [
      machineUrl(world.context, 'x'),
      machineIp(world.context, 'x'),
      openMachineShell(world.context, 'x', {}, world.signal),
    ]) {
      expect(await failureOf(work)).to.equal('HOST_NOT_RUNNING: Host is not running: machine "x" is stopped');
    }
    expect(await failureOf(machineLogFile(world.context, 'x'))).to.equal(
      'NO_LOG: machine "x" has no console log yet',
    );
  });

  it('lets one of two creations win; the other is told who is at it', async () => {
    const outcomes = await Promise.all([failureOf(create('default')), failureOf(create('default'))]);
    expect(outcomes.filter((text) => text === 'nothing was thrown')).to.have.length(1);
    const refused = outcomes.find((text) => text !== 'nothing was thrown');
    expect(refused).to.be.oneOf([
      `LOCKED: another wherry (pid ${process.pid}, "machine create default") is working on it`,
      'MACHINE_EXISTS: Docker machine "default" already exists',
    ]);
  });

  it('makes one machine for many runs at once', async () => {
    const made: number[] = [];
    const run = (_: unknown, index: number): Promise<string> =>
      ensureRunning(world.context, { name: 'default', driver: 'fake' }, world.report, world.signal, () =>
        made.push(index),
      );
    const outcomes = await Promise.all(Array.from({ length: 5 }, run));
    expect(outcomes.filter((outcome) => outcome === 'created')).to.have.length(1);
    expect(made).to.have.length(1);
    await stop('default');
    expect(await run(0, 0)).to.equal('started');
  });

  it('leaves nothing of a creation that failed before the machine was whole', async () => {
    expect(await failureOf(create('x', { driverOptions: { fail: 'create' } }))).to.contain(
      'told to fail at create',
    );
    expect(await readdir(`${world.home}/machines`)).to.deep.equal([]);
    expect(await world.context.store.exists('x')).to.equal(false);
    await create('x');
  });

  it('keeps a machine whose first boot failed, stopped', async () => {
    expect(await failureOf(create('x', { driverOptions: { fail: 'start' } }))).to.contain('did not boot');
    expect(await machineStatus(world.context, 'x')).to.equal('Stopped');
  });

  it('lists every machine in natural order, broken ones with their reason', async () => {
    await create('m10');
    await create('m2', { start: false, engine: { labels: ['a=b'] } });
    await create('broken', { start: false });
    await create('sick', { start: false, driverOptions: { fail: 'status' } });
    const { writeFile } = await import('node:fs/promises');
    await writeFile(world.context.store.files('broken').config, '{"configVersion": 1, "name": 7');
    const rows = await listMachines(world.context);
    expect(rows.map(({ name, state }) => `${name} ${state}`)).to.deep.equal([
      'broken Error',
      'm2 Stopped',
      'm10 Running',
      'sick Error',
    ]);
    expect(rows[0]?.error).to.match(/^machine\.json is not JSON/);
    expect(rows[1]).to.include({ url: '', dockerVersion: 'Unknown', error: '' });
    expect(rows[1]?.labels).to.deep.equal(['a=b']);
    expect(rows[2]?.error).to.match(/^Unable to query docker version: /);
    expect(rows[3]?.error).to.equal('it was told to be broken');
    expect(await failureOf(inspectMachine(world.context, 'broken'))).to.match(
      /^CONFIG_BROKEN: Docker machine "broken" is broken/,
    );
    expect(await failureOf(removeMachine(world.context, 'broken', { force: false }))).to.match(
      /^CONFIG_BROKEN/,
    );
    await removeMachine(world.context, 'broken', { force: true });
    await removeMachine(world.context, 'm10', { force: false });
    expect(await world.context.store.names()).to.deep.equal(['m2', 'sick']);
  });

  it('gives up on a machine that doesn’t answer in time', async () => {
    await create('x', { start: false });
    const driver = await world.context.drivers.driver('fake');
    const stuck = { ...driver, status: () => new Promise<never>(() => undefined) };
    const context = {
      ...world.context,
      drivers: { ...world.context.drivers, driver: () => Promise.resolve(stuck) },
    };
    const [row] = await listMachines(context, { timeoutMs: 20 });
    expect(row).to.include({ name: 'x', state: 'Timeout' });
  });

  it('makes a machine of somebody else’s engine without starting it, and removes it, though the engine is down', async () => {
    const url = 'unix:///nowhere/docker.sock';
    await create('n1', { driver: 'none', driverOptions: { url } });
    expect(world.steps.filter((step) => step.startsWith('Start'))).to.deep.equal([]);
    expect(await machineStatus(world.context, 'n1')).to.equal('Error');
    await removeMachine(world.context, 'n1', { force: false });
    expect(await world.context.store.names()).to.deep.equal([]);
  });

  it('removes by force what no driver can be had for, but nothing of a VM that doesn’t end', async () => {
    await create('x');
    const { config } = await world.context.store.load('x');
    const driver = await world.context.drivers.driver('fake');
    const immortal = {
      ...driver,
      kill: () =>
        Promise.reject(new WherryError({ code: 'KILL_FAILED', message: 'QEMU (pid 7) does not end' })),
      remove: () => Promise.reject(new Error('the files cannot be removed')),
    };
    const context = {
      ...world.context,
      drivers: { ...world.context.drivers, driver: () => Promise.resolve(immortal as Driver) },
    };
    expect(await failureOf(removeMachine(context, 'x', { force: true }))).to.equal(
      'KILL_FAILED: QEMU (pid 7) does not end',
    );
    expect(await world.context.store.names()).to.deep.equal(['x']);
    const stuck = { ...immortal, kill: (spec: Parameters<typeof driver.kill>[0]) => driver.kill(spec) };
    context.drivers.driver = () => Promise.resolve(stuck);
    expect(await failureOf(removeMachine(context, 'x', { force: false }))).to.contain('cannot be removed');
    const left: string[] = [];
    await removeMachine(context, 'x', { force: true, onLeft: (reason) => left.push(reason) });
    expect(left).to.deep.equal(['the files cannot be removed']);
    await world.context.store.create({ ...config, driver: 'gone' }, () => Promise.resolve());
    expect(await failureOf(removeMachine(world.context, 'x', { force: false }))).to.contain(
      'DRIVER_NOT_FOUND',
    );
    await removeMachine(world.context, 'x', { force: true });
    expect(await world.context.store.names()).to.deep.equal([]);
  });

  it('makes no path of what isn’t a machine’s name', async () => {
    const run = ensureRunning(world.context, { name: '../..' }, world.report, world.signal);
    expect(await failureOf(run)).to.equal(
      'INVALID_NAME: "../.." is not a machine\'s name. Allowed chars are: 0-9a-zA-Z . -',
    );
    expect(await failureOf(connectEngine(world.context, '../x'))).to.match(/^INVALID_NAME/);
    expect(await failureOf(world.context.store.lock('../x', { verb: 'start' }))).to.match(/^INVALID_NAME/);
    expect(await readdir(world.home)).to.deep.equal([]);
  });

  it('shows who is at it while a machine starts', async () => {
    await create('x', { start: false });
    const lock = await world.context.store.lock('x', { verb: 'start' });
    expect(await machineStatus(world.context, 'x')).to.equal('Starting');
    expect(await failureOf(stop('x'))).to.equal(
      `LOCKED: another wherry (pid ${process.pid}, "machine start x") is working on it`,
    );
    expect(await failureOf(machineUrl(world.context, 'x'))).to.contain('is starting');
    await lock.release();
  });

  it('does not take a VM for a machine that runs while its start goes on, or once that has been left', async () => {
    await create('x', { start: false });
    const driver = await world.context.drivers.driver('fake');
    const vm = { sshHost: '127.0.0.1', sshPort: 1, accelerator: 'fake' };
    const starting = {
      ...driver,
      status: () => Promise.resolve({ status: 'starting', vm, by: 7 } as const),
    };
    const context = {
      ...world.context,
      drivers: { ...world.context.drivers, driver: () => Promise.resolve(starting) },
    };
    expect(await failureOf(machineUrl(context, 'x'))).to.equal(
      'HOST_NOT_RUNNING: Host is not running: machine "x" is starting (pid 7 is at it)',
    );
    const stored = await context.store.load('x');
    expect(await lookAt(context, { state: 'ok', ...stored }, true)).to.include({
      status: 'error',
      reason: 'its start was cut off',
    });
  });

  it('inspects in docker-machine’s shape', async () => {
    await create('x', { engine: { insecureRegistries: ['r:5000'] }, memoryMiB: 1024 });
    const shown = await inspectMachine(world.context, 'x');
    expect(Object.keys(shown)).to.deep.equal([
      'ConfigVersion',
      'Driver',
      'DriverName',
      'HostOptions',
      'Name',
    ]);
    expect(shown.Driver).to.include({ MachineName: 'x', Memory: 1024, State: 'Running' });
    expect(shown).to.have.nested.property('HostOptions.EngineOptions.InsecureRegistry[0]', 'r:5000');
  });
});
