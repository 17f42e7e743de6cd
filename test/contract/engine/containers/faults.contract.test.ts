import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { layoutOf } from '../../../../src/engine/containers/context.ts';
import type { ContainersContext } from '../../../../src/engine/containers/context.ts';
import { AttachHub } from '../../../../src/engine/containers/streams/attach-hub.ts';
import { createExec, startExec } from '../../../../src/engine/containers/exec/exec-container.ts';
import { ExecRegistry } from '../../../../src/engine/containers/exec/exec-registry.ts';
import { recordExit } from '../../../../src/engine/containers/lifecycle/exit-container.ts';
import { ExitWatcher } from '../../../../src/engine/containers/process/exit-watcher.ts';
import type { ContainerRecord, ContainerState } from '../../../../src/engine/containers/model.ts';
import { setFrozen } from '../../../../src/engine/containers/process/cgroup.ts';
import { identify, readBootId } from '../../../../src/engine/containers/process/process-identity.ts';
import { ContainerEntry, ContainerRegistry } from '../../../../src/engine/containers/registry.ts';
import { HealthChecks } from '../../../../src/engine/containers/health/checks.ts';
import { Restarts } from '../../../../src/engine/containers/lifecycle/restarts.ts';
import { restoreContainers } from '../../../../src/engine/containers/lifecycle/restore-containers.ts';
import { stopContainer } from '../../../../src/engine/containers/lifecycle/stop-container.ts';
import { ContainerStore } from '../../../../src/engine/containers/store.ts';
import { waitForContainer } from '../../../../src/engine/containers/lifecycle/wait-container.ts';
import { notFound } from '../../../../src/engine/errors.ts';
import { EventBus } from '../../../../src/engine/events.ts';
import { containerConfig, hostConfig } from '../../../../src/protocol/docker/container-config.ts';
import type { ExecConfig } from '../../../../src/protocol/docker/exec.ts';
import type { SandboxRequest } from '../../../../src/engine/networks/contract.ts';

const ID = { a: 'a'.repeat(64), b: 'b'.repeat(64), c: 'c'.repeat(64), d: 'd'.repeat(64) };
const NEVER_ABORTED = new AbortController().signal;

/** The engine's bookkeeping of containers on a real disk, with everything around it made to fail at will. */
describe('containers when something fails', () => {
  const bootId = readBootId();
  let directory: string;
  let context: ContainersContext;
  let store: ContainerStore;
  let background: Error[];
  let rootfsRemoved: string[];
  let adopted: SandboxRequest[];
  let started: string[];
  let unmount: (id: string) => Promise<void>;
  let removeRootfs: (id: string) => Promise<void>;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-faults-'));
    const layout = layoutOf(join(directory, 'data'), join(directory, 'run'));
    for (const path of Object.values(layout)) mkdirSync(path, { recursive: true });
    [background, rootfsRemoved, adopted, started] = [[], [], [], []];
    unmount = async () => undefined;
    removeRootfs = async (id) => void rootfsRemoved.push(id);
    store = new ContainerStore(layout.containers);
    context = {
      config: { cgroupRoot: join(directory, 'cgroup'), cgroupParent: '/w' },
      layout,
      images: { acquire: () => undefined, release: () => undefined },
      volumes: { unmountAll: () => undefined, release: async () => undefined },
      rootfs: { unmount: (id: string) => unmount(id), remove: (id: string) => removeRootfs(id) },
      networks: {
        destroySandbox: async () => undefined,
        adoptSandbox: async (request: SandboxRequest) => {
          adopted.push(request);
          if (request.containerName === 'netless') throw notFound('network gone not found');
        },
      },
      events: new EventBus(),
      store,
      registry: new ContainerRegistry(),
      execs: new ExecRegistry(),
      exits: new ExitWatcher(layout.exits),
      health: new HealthChecks({
        probe: async () => ({ exitCode: 0, output: '' }),
        changed: () => undefined,
      }),
      restarts: new Restarts(async (entry) => void started.push(entry.id)),
      bootId,
      onBackgroundError: (error: Error) => void background.push(error),
    } as unknown as ContainersContext;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const running = (pid = process.pid): ContainerState => {
    const identity = identify(process.pid, bootId);
    if (identity === undefined) throw new Error('this process is not there');
    return {
      status: 'running',
      process: { ...identity, pid },
      startedAt: new Date().toISOString(),
      paused: false,
      sandbox: { netnsPath: undefined, endpoints: [], nameservers: [] },
    };
  };
  const gone = (): ContainerState => running(2 ** 22 + 1);
  const exited: ContainerState = {
    status: 'exited',
    exitCode: 0,
    oomKilled: false,
    error: '',
    startedAt: '',
    finishedAt: '',
  };
  const record = (id: string, name: string, state: ContainerState, host: object = {}): ContainerRecord =>
    ({
      recordVersion: 1,
      id,
      name,
      created: '',
      imageId: 'image',
      config: { Hostname: '', Labels: {}, Image: 'x', Tty: false, StdinOnce: false },
      hostConfig: {
        NetworkMode: 'none',
        AutoRemove: false,
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
        ...host,
      },
      networking: { EndpointsConfig: {} },
      argv: [],
      state,
      stoppedByUser: false,
    }) as unknown as ContainerRecord;
  const add = (of: ContainerRecord): ContainerEntry => {
    const entry = new ContainerEntry(of);
    context.registry.add(entry);
    return entry;
  };
  const recordFile = (id: string): string => join(context.layout.containers, id, 'container.json');
  const exitFile = (id: string): string => join(context.layout.exits, id);
  const statusOf = (id: string): string | undefined => context.registry.byId(id)?.state.status;

  describe('restored by the next engine', () => {
    it('share the network of one that has ended, or is gone', async () => {
      await store.create(record(ID.a, 'a', exited));
      await store.create(record(ID.b, 'b', running(), { NetworkMode: 'container:a' }));
      await store.create(record(ID.c, 'c', running(), { NetworkMode: `container:${ID.d}` }));
      await restoreContainers(context);
      expect(background).to.deep.equal([]);
      expect(adopted.map(({ mode }) => mode)).to.have.deep.members([{ container: 'a' }, { container: ID.d }]);
    });

    it('are restarted once the engine answers: who waited for that, and who has ended unseen', async () => {
      const always = { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } };
      const times = { startedAt: '2026-11-22T00:00:00Z', finishedAt: '2026-11-22T00:00:01Z' };
      const waiting: ContainerState = { status: 'restarting', exitCode: 1, oomKilled: false, ...times };
      await store.create({ ...record(ID.a, 'a', waiting, always), restartCount: 4 });
      await store.create(record(ID.b, 'b', gone(), always));
      await store.create({ ...record(ID.c, 'c', { ...exited, ...times }, always), stoppedByUser: true });
      const unlessStopped = { RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } };
      await store.create({
        ...record(ID.d, 'd', { ...exited, ...times }, unlessStopped),
        stoppedByUser: true,
      });
      await restoreContainers(context);
      expect([ID.a, ID.b, ID.c, ID.d].map(statusOf)).to.deep.equal([
        'restarting',
        'restarting',
        'restarting',
        'exited',
      ]);
      expect(started).to.deep.equal([]);
      await context.restarts.open();
      expect(started).to.have.members([ID.a, ID.b, ID.c]);
      expect(context.registry.byId(ID.a)?.record.restartCount).to.equal(4);
      // An end that nobody saw.
      expect(context.registry.byId(ID.b)?.state).to.include({ exitCode: 255 });
    });

    it('end with what conmon writes while the engine looks', async () => {
      await store.create(record(ID.a, 'a', gone()));
      mkdirSync(join(context.layout.bundles, ID.a));
      const conmon = spawn('sh', ['-c', 'read -r line', 'sh', ID.a], { stdio: ['pipe', 'ignore', 'ignore'] });
      const pidFile = join(context.layout.bundles, ID.a, 'conmon.pid');
      writeFileSync(pidFile, String(conmon.pid));
      const peek = context.exits.peek.bind(context.exits);
      context.exits.peek = (id) => {
        context.exits.peek = peek;
        const before = peek(id);
        writeFileSync(exitFile(id), '9');
        rmSync(pidFile);
        return before;
      };
      try {
        await restoreContainers(context);
        await context.registry.find('a').exclusively(async () => undefined);
        expect(context.registry.find('a').state).to.include({ status: 'exited', exitCode: 9 });
      } finally {
        conmon.kill();
      }
    });

    it('are not checked any more when they have ended by then', async () => {
      let timers = 0;
      const health = new HealthChecks({
        probe: async () => ({ exitCode: 0, output: '' }),
        changed: () => undefined,
        after: () => {
          timers += 1;
          return () => void (timers -= 1);
        },
      });
      const of = record(ID.a, 'a', running());
      const checked = { ...of.config, Healthcheck: { Test: ['CMD', 'true'] } } as typeof of.config;
      await store.create({ ...of, config: checked });
      writeFileSync(exitFile(ID.a), '7');
      await restoreContainers({ ...context, health });
      await context.registry.find('a').exclusively(async () => undefined);
      expect(context.registry.find('a').state).to.include({ status: 'exited', exitCode: 7 });
      expect(timers).to.equal(0);
    });

    it('are watched though their network is lost', async () => {
      await store.create(record(ID.a, 'netless', running()));
      writeFileSync(exitFile(ID.a), '7');
      await restoreContainers(context);
      expect(background).to.have.length(1);
      await context.registry.find('netless').exclusively(async () => undefined);
      expect(context.registry.find('netless').state).to.include({ status: 'exited', exitCode: 7 });
    });

    it('don’t keep it from the others that one can’t be released, or that two have one name', async () => {
      unmount = async () => {
        throw new Error('EBUSY');
      };
      await store.create(record(ID.a, 'a', exited));
      mkdirSync(join(context.layout.bundles, ID.a));
      await store.create(record(ID.b, 'b', running()));
      await store.create(record(ID.c, 'b', exited));
      await store.create(record(ID.d, 'd', gone()));
      await restoreContainers(context);
      expect([ID.a, ID.b, ID.c, ID.d].map(statusOf)).to.deep.equal([
        'exited',
        'running',
        undefined,
        'exited',
      ]);
      expect(background).to.have.length(3);
      expect(existsSync(recordFile(ID.c))).to.equal(true);
    });

    it('keep their files where the record is damaged or a newer engine’s, and lose them where there is none', async () => {
      for (const id of Object.values(ID)) mkdirSync(join(context.layout.containers, id));
      writeFileSync(recordFile(ID.a), '{"recordVersion":1,"id":');
      writeFileSync(recordFile(ID.b), JSON.stringify({ ...record(ID.b, 'b', exited), recordVersion: 2 }));
      writeFileSync(recordFile(ID.c), '');
      await restoreContainers(context);
      expect(rootfsRemoved).to.deep.equal([ID.d]);
      for (const id of [ID.a, ID.b, ID.c]) expect(existsSync(recordFile(id)), id).to.equal(true);
      expect(existsSync(join(context.layout.containers, ID.d))).to.equal(false);
      expect(background.map(({ message }) => message)).to.deep.equal(
        [ID.a, ID.b, ID.c].map((id) => `container ${id} is left as it is: its record can't be read`),
      );
    });

    it('are cleared away where a power cut tore the record of one that was to be removed anyway', async () => {
      await store.create(record(ID.a, 'a', running(), { AutoRemove: true }));
      expect(store.load().records).to.have.length(1);
      expect(existsSync(recordFile(ID.a))).to.equal(false);
      writeFileSync(join(context.layout.containers, ID.a, 'transient.json'), '');
      await restoreContainers(context);
      expect(rootfsRemoved).to.deep.equal([ID.a]);
      expect(background).to.deep.equal([]);
    });
  });

  describe('that end', () => {
    const full = (): void => {
      store.save = async () => {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      };
    };

    it('are told of though the disk is full, and conmon’s word stays for the next engine', async () => {
      await store.create(record(ID.a, 'a', gone()));
      const entry = add(record(ID.a, 'a', gone()));
      writeFileSync(exitFile(ID.a), '9');
      const save = store.save.bind(store);
      full();
      const waiting = waitForContainer(entry, 'next-exit', NEVER_ABORTED);
      recordExit(context, entry, 9);
      expect(await waiting).to.deep.equal({ exitCode: 9, error: '' });
      expect(background.map(({ message }) => message)).to.deep.equal([
        'ENOSPC: no space left on device, write',
      ]);
      expect(context.events.past().map(({ Action }) => Action)).to.include('die');
      context.registry.remove(entry);
      store.save = save;
      await restoreContainers(context);
      expect(context.registry.find('a').state).to.include({ status: 'exited', exitCode: 9 });
    });

    it('leave their streams to those who still read them, and whoever attaches next to the next process', async () => {
      const entry = add(record(ID.a, 'a', gone()));
      await store.create(entry.record);
      const { hub } = entry;
      Object.defineProperty(hub, 'connected', { value: true });
      const output = { stdin: false, stdout: true, stderr: true };
      const [slow, next] = [new PassThrough(), new PassThrough()];
      void hub.add(slow, output);
      const waiting = waitForContainer(entry, 'next-exit', NEVER_ABORTED);
      recordExit(context, entry, 0);
      await waiting;
      void entry.hub.add(next, output);
      expect([slow.writableEnded, entry.hub.connected]).to.deep.equal([false, false]);
      hub.close();
      expect([slow.writableEnded, next.writableEnded]).to.deep.equal([true, false]);
    });

    it('are saved before conmon’s file goes', async () => {
      const entry = add(record(ID.a, 'a', gone()));
      await store.create(entry.record);
      writeFileSync(exitFile(ID.a), '9');
      const save = store.save.bind(store);
      store.save = async (what) => {
        expect(existsSync(exitFile(ID.a)), 'the exit is nowhere').to.equal(true);
        await save(what);
      };
      const waiting = waitForContainer(entry, 'next-exit', NEVER_ABORTED);
      recordExit(context, entry, 9);
      await waiting;
      expect(background).to.deep.equal([]);
      expect(existsSync(exitFile(ID.a))).to.equal(false);
      expect(JSON.parse(readFileSync(recordFile(ID.a), 'utf8'))).to.nested.include({ 'state.exitCode': 9 });
    });

    it('answer those who wait for their removal also when it fails', async () => {
      removeRootfs = async () => {
        throw new Error('EBUSY');
      };
      const entry = add(record(ID.a, 'a', gone(), { AutoRemove: true }));
      await store.create(entry.record);
      const waiting = waitForContainer(entry, 'removed', NEVER_ABORTED);
      recordExit(context, entry, 3);
      expect(await waiting).to.deep.equal({ exitCode: 3, error: 'EBUSY' });
      expect(statusOf(ID.a)).to.equal('exited');
      expect(entry.removing).to.equal(false);
    });
  });

  it('are stopped by two at once, paused as they are', async () => {
    const cgroup = join(directory, 'cgroup/w', ID.a);
    mkdirSync(cgroup, { recursive: true });
    writeFileSync(join(cgroup, 'cgroup.events'), 'populated 1\nfrozen 0\n');
    const entry = add(record(ID.a, 'a', { ...gone(), paused: true } as ContainerState));
    await store.create(entry.record);
    const options = { timeout: -1, signal: '' };
    const stops = Promise.all([1, 2].map(async () => stopContainer(context, entry, options)));
    const stopped = stops.then(String, String);
    while (context.events.past().filter(({ Action }) => Action === 'kill').length < 2) {
      if ((await Promise.race([stopped, new Promise((go) => setImmediate(go, 'more'))])) !== 'more') break;
    }
    entry.record.state = exited;
    entry.events.emit('exit', { exitCode: 0, error: '' });
    expect(await stopped).to.equal('true,true');
    expect(context.events.past().filter(({ Action }) => Action === 'unpause')).to.have.length(1);
  });

  it('stay stopped for the next engine when a restart was under way as they were', async () => {
    const policy = { RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } };
    const times = { startedAt: '2026-11-22T00:00:00Z', finishedAt: '2026-11-22T00:00:01Z' };
    const waiting: ContainerState = { status: 'restarting', exitCode: 1, oomKilled: false, ...times };
    const entry = add(record(ID.a, 'a', waiting, policy));
    await store.create(entry.record);
    const underWay = Promise.withResolvers<undefined>();
    const restart = entry.exclusively(async () => {
      await underWay.promise;
      entry.record.state = gone();
      entry.record.stoppedByUser = false;
      await store.save(entry.record);
    });
    const stopping = stopContainer(context, entry, { timeout: -1, signal: '' });
    underWay.resolve(undefined);
    await restart;
    while (!context.events.past().some(({ Action }) => Action === 'kill')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(JSON.parse(readFileSync(recordFile(ID.a), 'utf8'))).to.include({ stoppedByUser: true });
    recordExit(context, entry, 143);
    expect(await stopping).to.equal(true);
    expect(statusOf(ID.a)).to.equal('exited');
  });

  it('leave nothing behind that goes off when their cgroup is not there', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    // The test's own is there from its first pause on.
    await new Promise((resolve) => setImmediate(resolve));
    const before = timers();
    const freezing = setFrozen(join(directory, 'nowhere'), true);
    expect(await freezing.then(String, String)).to.match(/ENOENT/);
    expect(timers()).to.equal(before);
  });

  it('take no engine with them when the conmon of an exec fails under an attached client', async () => {
    const conmon = join(directory, 'conmon');
    writeFileSync(conmon, `#!/bin/sh\necho '{"data": 0}' >&5\necho 'out of something' >&2\n`, {
      mode: 0o755,
    });
    const broken = { ...context, config: { ...context.config, conmon } };
    const of = record(ID.a, 'a', running());
    const entry = add({
      ...of,
      config: { ...containerConfig.parse({}), ...of.config },
      hostConfig: { ...hostConfig.parse({}), ...of.hostConfig },
    });
    const config = { Cmd: ['true'], DetachKeys: '', Tty: false, ConsoleSize: [0, 0], Env: [], User: '' };
    const session = createExec(broken, entry, config as unknown as ExecConfig);
    // There is nothing to connect to.
    const connect = Object.getOwnPropertyDescriptor(AttachHub.prototype, 'connect') ?? {};
    Object.defineProperty(AttachHub.prototype, 'connect', { ...connect, value: () => undefined });
    const openStream = (): Duplex => new PassThrough();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const failed = startExec(broken, session, { consoleSize: [0, 0], openStream });
    const outcome = await failed.then(String, String);
    Object.defineProperty(AttachHub.prototype, 'connect', connect);
    expect(outcome).to.match(/conmon: out of something/);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled, 'what ends an engine').to.deep.equal([]);
    expect(session.state).to.include({ status: 'exited' });
  });

  it('are not killed at once for a stop timeout that no timer can hold', async () => {
    for (const [id, name, own, timeout] of [
      [ID.a, 'a', undefined, 3_000_000],
      [ID.b, 'b', 3_000_000, undefined],
    ] as const) {
      const of = record(id, name, gone());
      const entry = add({ ...of, config: { ...of.config, StopTimeout: own } as typeof of.config });
      const stopping = stopContainer(context, entry, { timeout, signal: '' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      entry.record.state = exited;
      entry.events.emit('exit', { exitCode: 0, error: '' });
      expect(await stopping).to.equal(true);
      const signals = context.events
        .past()
        .filter(({ Action, Actor }) => Action === 'kill' && Actor.ID === id);
      expect(signals.map(({ Actor }) => Actor.Attributes['signal'])).to.deep.equal(['15']);
    }
  });
});
