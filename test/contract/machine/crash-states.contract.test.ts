import { expect } from 'chai';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { askAgent } from '../../../src/agent/client/ask.ts';
import { ensureAgent } from '../../../src/agent/client/ensure-agent.ts';
import { connectEngine } from '../../../src/machine/connect.ts';
import { createMachine } from '../../../src/machine/create.ts';
import { engineVersion } from '../../../src/machine/engine-version.ts';
import { listMachines } from '../../../src/machine/ls.ts';
import { activeMachine } from '../../../src/machine/active.ts';
import { machineClientFlags } from '../../../src/machine/config.ts';
import { startMachine } from '../../../src/machine/start.ts';
import { machineStatus } from '../../../src/machine/status.ts';
import { stopMachine } from '../../../src/machine/stop.ts';
import { systemExec } from '../../../src/platform/exec.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

const moduleUrl = (path: string): string =>
  JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);

describe('machines after crashes, with real agent processes', () => {
  let world: MachineWorld;
  let engine: Server;
  let engineSocket: string;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'real' });
    engineSocket = join(world.home, 'engine.sock');
    engine = createServer((_, response) => response.end('{"Version":"1.2.3"}'));
    engine.listen(engineSocket);
    await once(engine, 'listening');
  });
  afterEach(async () => {
    await world.end();
    engine.closeAllConnections();
    await new Promise((resolve) => engine.close(resolve));
  });

  const create = (name: string): Promise<unknown> =>
    createMachine(
      world.context,
      { name, driver: 'fake', driverOptions: { engineSocket } },
      world.report,
      world.signal,
    );
  const start = (name: string): Promise<unknown> =>
    startMachine(world.context, name, world.report, world.signal);
  async function agentPid(name: string): Promise<number | undefined> {
    const answer = await askAgent(world.context.store.files(name).agentSocket);
    return answer.kind === 'alive' ? answer.status.pid : undefined;
  }
  async function version(name: string): Promise<string> {
    return engineVersion(await connectEngine(world.context, name), world.signal);
  }
  async function gone(pid: number): Promise<void> {
    while ((await world.context.agent.processes.identify(pid)) !== undefined) await new Promise(setImmediate);
  }

  it('serves through an agent that outlives this call, and ends it with the machine', async () => {
    await create('default');
    const pid = await agentPid('default');
    expect(pid).to.be.a('number').and.not.equal(process.pid);
    expect(await version('default')).to.equal('1.2.3');
    const url = `unix://${world.context.store.files('default').dockerSocket}`;
    const [row] = await listMachines(world.context, { dockerHost: url });
    expect(row).to.include({ state: 'Running', dockerVersion: 'v1.2.3', error: '', url, active: true });
    expect(await activeMachine(world.context, { DOCKER_HOST: url })).to.equal('default');
    expect(await machineClientFlags(world.context, 'default')).to.deep.equal([`-H=${url}`]);
    await stopMachine(world.context, 'default', world.report);
    await gone(pid!);
    expect(await failureOf(connectEngine(world.context, 'default'))).to.contain('Host is not running');
  });

  it('starts a killed agent anew: once, for many who find it dead', async () => {
    await create('default');
    const killed = (await agentPid('default'))!;
    process.kill(killed, 'SIGKILL');
    await gone(killed);
    expect(await Promise.all([version('default'), version('default'), version('default')])).to.deep.equal([
      '1.2.3',
      '1.2.3',
      '1.2.3',
    ]);
    const next = await agentPid('default');
    expect(next).to.not.equal(killed);
    expect((await listMachines(world.context))[0]).to.include({ state: 'Running', dockerVersion: 'v1.2.3' });
  });

  it('heals a dead agent when told to start what runs', async () => {
    await create('default');
    const killed = (await agentPid('default'))!;
    process.kill(killed, 'SIGKILL');
    await gone(killed);
    expect(await failureOf(start('default'))).to.equal(
      'ALREADY_RUNNING: Machine "default" is already running.',
    );
    expect(await agentPid('default'))
      .to.be.a('number')
      .and.not.equal(killed);
  });

  it('replaces an agent that hangs, and one of another version', async () => {
    await create('default');
    const files = world.context.store.files('default');
    const hung = (await agentPid('default'))!;
    process.kill(hung, 'SIGSTOP');
    const impatient = { ...world.context.agent, answerMs: 200 };
    const status = await ensureAgent(files, world.home, impatient);
    expect(status.pid).to.not.equal(hung);
    await gone(hung);
    const newer = { ...world.context.agent, version: '99.0.0' };
    const replaced = await ensureAgent(files, world.home, newer);
    await gone(status.pid);
    expect(replaced.pid).to.not.equal(status.pid);
  });

  it('is Stopped and starts again after the VM was killed, agent and all', async () => {
    await create('default');
    const { files } = await world.context.store.load('default');
    const agent = (await agentPid('default'))!;
    process.kill(agent, 'SIGKILL');
    await gone(agent);
    // What `kill -9` of a VM is to the fake driver.
    await rm(join(files.directory, 'fake-vm.json'));
    expect((await listMachines(world.context))[0]).to.include({ state: 'Stopped', url: '' });
    await start('default');
    expect(await version('default')).to.equal('1.2.3');
  });

  it('starts over what a host reboot has left: sockets, locks of a pid that is somebody else’s now', async () => {
    await create('default');
    await stopMachine(world.context, 'default', world.report);
    const { files } = await world.context.store.load('default');
    const stale = {
      holder: { pid: process.pid, startedAt: 'earlier-boot/77' },
      purpose: 'machine start default',
    };
    for (const lock of [files.lock, files.agentLock, files.agentStartLock]) {
      await mkdir(lock, { recursive: true });
      await writeFile(join(lock, '900'), JSON.stringify(stale));
    }
    for (const socket of [files.dockerSocket, files.agentSocket]) await writeFile(socket, '');
    expect(await machineStatus(world.context, 'default')).to.equal('Stopped');
    await start('default');
    expect(await version('default')).to.equal('1.2.3');
  });

  it('sees nothing of a create that was killed, and its next create sweeps up', async () => {
    const script = `
      const { openMachineStore } = await import(${moduleUrl('machine/store/machine-store.ts')});
      const { systemPathInputs } = await import(${moduleUrl('platform/paths.ts')});
      const store = openMachineStore(process.argv[1], systemPathInputs());
      await store.lock('default', { verb: 'create' });
      setInterval(() => {}, 1000);
      await store.create({ name: 'default' }, async () => { console.log('half-made'); await new Promise(() => {}); });`;
    const argv = [process.execPath, '--input-type=module', '-e', script, world.home];
    const creator = await systemExec.spawnDetached(argv, { pipeStdout: true });
    await once(creator.stdout!, 'data');
    expect(await listMachines(world.context)).to.deep.equal([]);
    expect(await failureOf(create('default'))).to.equal(
      `LOCKED: another wherry (pid ${creator.pid}, "machine create default") is working on it`,
    );
    process.kill(creator.pid, 'SIGKILL');
    await creator.exited;
    expect(await readdir(join(world.home, 'machines'))).to.have.length(1);
    expect(await listMachines(world.context)).to.deep.equal([]);
    await create('default');
    expect(await readdir(join(world.home, 'machines'))).to.deep.equal(['default']);
  });
});
