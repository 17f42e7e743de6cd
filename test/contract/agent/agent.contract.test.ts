import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { askAgent } from '../../../src/agent/client/ask.ts';
import { runAgent, type AgentContext } from '../../../src/agent/run-agent.ts';
import type { Driver, RunningVm, VmStatus } from '../../../src/drivers/driver.ts';
import { machineFiles } from '../../../src/machine/store/filenames.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { makeOwnerOnlyDirectory } from '../../../src/platform/atomic-file.ts';
import { connectLocal } from '../../../src/platform/local-socket.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { systemPathInputs } from '../../../src/platform/paths.ts';
import type { AgentStatus } from '../../../src/protocol/agent/control.ts';
import { generateEd25519, openSshPrivateKey } from '../../../src/ssh/keys.ts';
import { knownHostsText } from '../../../src/ssh/known-hosts.ts';
import { machineConfigOf } from '../../helpers/machine/machine-config.ts';
import { startDropbear, type DropbearServer } from '../../helpers/ssh/dropbear-server.ts';

/** An engine that answers with the number of bytes it was sent, once the client has ended its half. */
function countingEngine(path: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let length = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (length += chunk.length));
    socket.once('end', () => socket.end(`${length} bytes`));
  });
  server.listen(path);
  return once(server, 'listening').then(() => server);
}

describe('the agent, through a real dropbear', () => {
  let home: string;
  let dropbear: DropbearServer;
  let engine: Server;
  let vm: VmStatus;
  let files: AgentContext['files'];
  let context: Omit<AgentContext, 'onReady' | 'signal'>;
  let running: { ended: Promise<void>; stop: AbortController } | undefined;

  before(async () => {
    dropbear = await startDropbear();
  });
  after(() => dropbear.stop());

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'wherry-agent-'));
    files = machineFiles(home, 'default', systemPathInputs());
    await makeOwnerOnlyDirectory(files.directory);
    await writeFile(files.clientKey, openSshPrivateKey(dropbear.clientKey, 'test'), { mode: 0o600 });
    await writeFile(files.knownHosts, knownHostsText('default', dropbear.hostKey));
    const engineSocket = join(home, 'engine.sock');
    engine = await countingEngine(engineSocket);
    vm = {
      status: 'running',
      vm: {
        sshHost: '127.0.0.1',
        sshPort: dropbear.port,
        accelerator: 'tcg',
        process: { pid: 1, startedAt: 'a' },
      },
    };
    const driver = { capabilities: { ssh: true }, status: () => Promise.resolve(vm) } as unknown as Driver;
    const config = machineConfigOf({ name: 'default' });
    const username = userInfo().username;
    context = {
      files,
      config,
      driver,
      clock: systemClock,
      log: silentLog,
      version: '9.9.9',
      engineSocket,
      username,
    };
  });

  afterEach(async () => {
    running?.stop.abort();
    await running?.ended.catch(() => undefined);
    running = undefined;
    await new Promise((resolve) => engine.close(resolve));
    await rm(home, { recursive: true });
  });

  async function start(): Promise<AgentStatus> {
    const stop = new AbortController();
    const ready = Promise.withResolvers<AgentStatus>();
    const ended = runAgent({ ...context, signal: stop.signal, onReady: ready.resolve });
    running = { ended, stop };
    ended.catch(ready.reject);
    return ready.promise;
  }

  async function ask(bytes: number): Promise<string> {
    const socket = await connectLocal(files.dockerSocket);
    socket.end('x'.repeat(bytes));
    return text(socket);
  }

  it('serves owner-only sockets over one SSH connection, half-close and megabytes included', async () => {
    const before = dropbear.connections();
    const status = await start();
    expect(status).to.deep.equal({
      pid: process.pid,
      version: '9.9.9',
      machine: 'default',
      sshConnected: true,
      serving: true,
      clients: 0,
    });
    for (const path of [files.dockerSocket, files.agentSocket]) {
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
    }
    expect(await Promise.all([ask(0), ask(5), ask(3_000_000)])).to.deep.equal([
      '0 bytes',
      '5 bytes',
      '3000000 bytes',
    ]);
    expect(dropbear.connections() - before).to.equal(1);
  });

  it('connects while the VM still starts, and serves once that start is over', async () => {
    const { vm: facts } = vm as { vm: RunningVm };
    vm = { status: 'starting', vm: facts, by: process.pid };
    const before = dropbear.connections();
    expect(await start()).to.include({ sshConnected: true, serving: false });
    expect(dropbear.connections() - before).to.equal(1);
    const early = await ask(1).catch((error: NodeJS.ErrnoException) => error.code);
    expect(early, 'nobody is let in to an engine that isn’t there').to.equal('ENOENT');
    expect(await askAgent(files.agentSocket)).to.have.nested.property('status.serving', false);
    vm = { status: 'running', vm: facts };
    const answers = await Promise.all([askAgent(files.agentSocket), askAgent(files.agentSocket)]);
    for (const answer of answers) expect(answer).to.have.nested.property('status.serving', true);
    expect(await ask(3)).to.equal('3 bytes');
    expect(dropbear.connections() - before).to.equal(1);
  });

  it('ends when it is asked after a start that was cut off', async () => {
    vm = { status: 'starting', vm: (vm as { vm: RunningVm }).vm, by: process.pid };
    await start();
    vm = { status: 'error', reason: 'its start was cut off' };
    await askAgent(files.agentSocket);
    await running?.ended;
    expect(await askAgent(files.agentSocket)).to.deep.equal({ kind: 'absent' });
  });

  it('counts its clients and lets go of both ends when one vanishes', async () => {
    await start();
    const accepted = once(engine, 'connection') as Promise<[Socket]>;
    const client = await connectLocal(files.dockerSocket);
    const [inEngine] = await accepted;
    const answer = await askAgent(files.agentSocket);
    expect(answer).to.have.nested.property('status.clients', 1);
    client.destroy();
    await once(inEngine, 'close');
  });

  it('reconnects when SSH drops and the VM is still there', async () => {
    await start();
    expect(await ask(1)).to.equal('1 bytes');
    const before = dropbear.connections();
    dropbear.dropConnections();
    while (dropbear.connections() === before) await new Promise(setImmediate);
    expect(await ask(2)).to.equal('2 bytes');
  });

  it('ends when the VM has gone, and when another VM has taken its place', async () => {
    for (const next of [
      { status: 'stopped' } as const,
      { ...vm, vm: { ...(vm as { vm: object }).vm, process: { pid: 1, startedAt: 'b' } } } as VmStatus,
    ]) {
      const first = vm;
      await start();
      vm = next;
      dropbear.dropConnections();
      await running?.ended;
      expect(await askAgent(files.agentSocket)).to.deep.equal({ kind: 'absent' });
      vm = first;
    }
  });

  it('stops when told to, gone when the answer is complete', async () => {
    await start();
    const client = await connectLocal(files.dockerSocket);
    const cut = once(client.resume(), 'end');
    expect((await askAgent(files.agentSocket, 'stop')).kind).to.equal('alive');
    await cut;
    await running?.ended;
    expect(await askAgent(files.agentSocket)).to.deep.equal({ kind: 'absent' });
  });

  it('replaces the sockets of a killed agent', async () => {
    await writeFile(files.dockerSocket, '');
    await writeFile(files.agentSocket, '');
    await start();
    expect(await ask(4)).to.equal('4 bytes');
  });

  it('serves nobody through a server with another host key', async () => {
    await writeFile(files.knownHosts, knownHostsText('default', generateEd25519()));
    const error = await start().catch((error: unknown) => error);
    expect(error).to.have.property('code', 'HOST_KEY_MISMATCH');
    expect(await askAgent(files.agentSocket)).to.deep.equal({ kind: 'absent' });
  });

  it('closes the client when the engine doesn’t listen', async () => {
    await new Promise((resolve) => engine.close(resolve));
    await start();
    const socket = await connectLocal(files.dockerSocket);
    await once(socket.resume(), 'end');
    engine = await countingEngine(context.engineSocket!);
    expect(await ask(6)).to.equal('6 bytes');
  });
});
