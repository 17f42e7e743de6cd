import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { repository } from '../helpers/e2e-world.ts';
import { eventually } from '../helpers/eventually.ts';
import { processesOf, untilProcesses } from '../helpers/machine/processes.ts';
import { spawnProgram, type Spawned } from '../helpers/spawned.ts';

const NAME = 'crash';

describe('machines after crashes', () => {
  const home = (): string => world().home;
  const machine = (...path: string[]): string => join(home(), 'machines', NAME, ...path);
  const start = (): Promise<string> => world().ok(['machine', 'start', NAME]);
  const createWords = (): string[] => {
    const size = ['--cpus', '1', '--memory', '1024'];
    return ['machine', 'create', ...size, '--engine-insecure-registry', world().registryHost, NAME];
  };
  const spawnWherry = (args: readonly string[]): Spawned =>
    spawnProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...args], world().env);

  /** `STATE|ENGINE VERSION|ERROR` of the machine in `machine ls`; undefined where it isn't listed. */
  async function listed(): Promise<string | undefined> {
    const format = '{{.Name}}|{{.State}}|{{.DockerVersion}}|{{.Error}}';
    const rows = (await world().ok(['machine', 'ls', '-t', '120', '-f', format])).split('\n');
    return rows.find((row) => row.startsWith(`${NAME}|`))?.slice(NAME.length + 1);
  }

  async function expectRunning(): Promise<void> {
    expect(await listed()).to.match(/^Running\|v\d[^|]*\|$/);
    const { qemu, agent } = await processesOf(home(), NAME);
    expect([qemu.length, agent.length], 'QEMUs, agents').to.deep.equal([1, 1]);
  }

  async function expectStopped(): Promise<void> {
    expect(await listed()).to.equal('Stopped|Unknown|');
    await untilProcesses(home(), NAME, ({ qemu, agent }) => qemu.length + agent.length === 0);
  }

  /** Kills what the pattern names with SIGKILL and sees it gone. */
  async function kill9(...whom: ('qemu' | 'agent')[]): Promise<void> {
    const found = await processesOf(home(), NAME);
    for (const { pid } of whom.flatMap((kind) => found[kind])) process.kill(pid, 'SIGKILL');
    await untilProcesses(home(), NAME, (now) => whom.every((kind) => now[kind].length === 0));
  }

  after(async () => {
    await world().wherry(['machine', 'rm', '-f', NAME]);
    await untilProcesses(home(), NAME, ({ qemu, agent }) => qemu.length + agent.length === 0);
  });

  it('lets one of two creates win; the other names it', async () => {
    const both = [spawnWherry(createWords()), spawnWherry(createWords())];
    const results = await Promise.all(both.map(({ finished }) => finished));
    const lost = results.filter(({ status }) => status !== 0);
    expect(lost, JSON.stringify(results)).to.have.length(1);
    expect(lost[0]?.status).to.equal(1);
    expect(lost[0]?.stderr).to.match(
      /Error: another wherry \(pid \d+, "machine create crash"\) is working on it\n|Docker machine "crash" already exists\n/,
    );
    await expectRunning();
  });

  it('sees a killed QEMU as stopped, agent included, and `run` starts it again', async () => {
    await kill9('qemu');
    await expectStopped();
    const result = await world().wherry(['--machine', NAME, 'run', '--rm', world().image('busybox'), 'true']);
    expect(result.status, result.stderr).to.equal(0);
    await expectRunning();
  });

  it('restarts a killed agent with whichever command comes next', async () => {
    await kill9('agent');
    expect(await listed()).to.match(/^Running\|v/);
    await kill9('agent');
    await world().ok(['--machine', NAME, 'run', '--rm', world().image('busybox'), 'true']);
    await kill9('agent');
    const again = await world().wherry(['machine', 'start', NAME]);
    expect(again.stderr).to.match(/Machine "crash" is already running\.\n$/);
    await expectRunning();
  });

  it('starts an engine that did its work again, however often it ends', async () => {
    for (const signal of ['KILL', 'KILL', 'KILL', 'KILL', 'TERM']) await endEngine(signal);
    await expectRunning();
  });

  it('gives up an engine that cannot start, says so, and starts it with the machine', async () => {
    const pid = (await guest('cat /run/wherry/engine.pid')).trim();
    // The system disk is read-only: until the VM's restart another program stands in the engine's place.
    await guest(
      "echo 'process.exit(3)' > /run/broken.cjs && mount --bind /run/broken.cjs /usr/lib/wherry/start-engine.cjs",
    );
    await guest(`kill -KILL ${pid}`);
    await eventually(
      () => readFile(machine('console.log'), 'utf8'),
      (console) => console.includes('ended 5 times before it listened, last with status 3'),
      'the engine is given up',
    );
    await world().ok(['machine', 'restart', NAME]);
    await expectRunning();
  });

  const guest = (script: string): Promise<string> =>
    world().ok(['machine', 'ssh', NAME, '--', 'sh', '-s'], { input: script });

  /** Ends the machine's engine and waits until another one answers. */
  async function endEngine(signal: string): Promise<void> {
    const pid = await guest('cat /run/wherry/engine.pid');
    await guest(`kill -${signal} ${pid.trim()}`);
    await eventually(
      async () =>
        [
          await guest('cat /run/wherry/engine.pid'),
          await world().wherry(['--machine', NAME, 'version']),
        ] as const,
      ([now, { status }]) => now !== pid && status === 0,
      `an engine after SIG${signal}`,
    );
  }

  it('starts over what a host reboot left, and leaves alone who has its pids now', async () => {
    await kill9('qemu', 'agent');
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      writeFileSync(machine('vm.json'), '{"process": {"pi');
      expect(await listed(), 'with a torn vm.json').to.equal('Stopped|Unknown|');
      asAfterReboot(stranger);
      expect(await listed()).to.equal('Stopped|Unknown|');
      const kill = await world().wherry(['machine', 'kill', NAME]);
      expect(kill.stderr).to.match(/Machine "crash" is already stopped\.\n$/);
      asAfterReboot(stranger);
      // A power cut between the file's making and its data's.
      writeFileSync(join(home(), 'locks', NAME, '9000'), '');
      await start();
      await expectRunning();
      expect(stranger.exitCode ?? stranger.signalCode, 'the stranger lives').to.equal(null);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  /** Every record of a process now has the stranger's pid, from another boot; the sockets stay as the crash left them. */
  function asAfterReboot(stranger: ChildProcess): void {
    const process = { pid: stranger.pid, startedAt: '00000000-0000-4000-8000-000000000000/4711' };
    const channel = (name: string) => ({ kind: 'unix', path: machine(name) });
    const vm = {
      process,
      accelerator: 'tcg',
      sshPort: 1,
      qmp: channel('qmp.sock'),
      ready: channel('ready.sock'),
    };
    writeFileSync(machine('vm.json'), JSON.stringify(vm));
    const locks = {
      [NAME]: `machine start ${NAME}`,
      [`${NAME}~agent`]: 'agent',
      [`${NAME}~agent-start`]: 'agent',
    };
    for (const [lock, purpose] of Object.entries(locks)) {
      const directory = join(home(), 'locks', lock);
      const highest = Math.max(...readdirSync(directory).map(Number).filter(Number.isInteger));
      writeFileSync(join(directory, String(highest + 1)), JSON.stringify({ holder: process, purpose }));
    }
    // A crash leaves the sockets; a start that was refused in between may have cleared some.
    for (const socket of ['agent.sock', 'docker.sock', 'qmp.sock', 'ready.sock']) {
      if (!existsSync(machine(socket))) writeFileSync(machine(socket), '');
    }
  }

  it('leaves nothing running when Ctrl-C ends a create or a start, and nothing in the way of the next one', async () => {
    await world().ok(['machine', 'rm', '-f', NAME]);
    for (const words of [createWords(), ['machine', 'start', NAME]]) {
      const interrupted = spawnWherry(words);
      await untilProcesses(home(), NAME, ({ qemu }) => qemu.length === 1);
      interrupted.signalGroup('SIGINT');
      expect((await interrupted.finished).status, interrupted.output()).to.equal(130);
      await expectStopped();
    }
    await start();
    await expectRunning();
  });

  it('has no trace of a create that was killed before the machine was there', async () => {
    await world().ok(['machine', 'rm', '-f', NAME]);
    const killed = spawnWherry(createWords());
    await killed.says(/Check this computer/);
    killed.signalGroup('SIGKILL');
    await killed.finished;
    if ((await listed()) !== undefined) await world().ok(['machine', 'rm', '-f', NAME]);
    expect(await listed()).to.equal(undefined);
    await untilProcesses(home(), NAME, ({ qemu, agent }) => qemu.length + agent.length === 0);
  });

  it('can be used after its create was killed while the VM booted', async () => {
    const killed = spawnWherry(createWords());
    await untilProcesses(home(), NAME, ({ qemu }) => qemu.length === 1);
    process.kill(killed.pid, 'SIGKILL');
    await killed.finished;
    // Nobody saw this VM become ready, and nobody will: it isn't called running.
    expect(await listed()).to.match(/^(Error\|Unknown\|its start was cut off|Stopped\|)/);
    await start();
    await expectRunning();
    await world().ok(['--machine', NAME, 'run', '--rm', world().image('busybox'), 'true']);
  });
});
