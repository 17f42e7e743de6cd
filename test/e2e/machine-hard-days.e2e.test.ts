import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE, repository } from '../helpers/e2e-world.ts';
import { eventually } from '../helpers/eventually.ts';
import { processesOf, untilProcesses } from '../helpers/machine/processes.ts';
import { spawnProgram, type Spawned } from '../helpers/spawned.ts';
import { listed, settled, type Place } from '../soak/machines/look.ts';

const NAME = 'hard';
const SMALL = 'machine create --cpus 1 --memory 512 --disk 1'.split(' ');
/** Longer than the agent takes for a late tick of its own. */
const SLEEP_MS = 3000;

describe('machines on hard days', () => {
  const place = (): Place => ({
    home: world().home,
    env: world().env,
    wherry: (args) => world().wherry(args),
  });
  const spawnWherry = (...args: string[]): Spawned =>
    spawnProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...args], world().env);
  const create = (...more: string[]): string[] => [...SMALL, ...more, NAME];

  after(async () => {
    await world().wherry(['machine', 'rm', '-f', NAME]);
    await untilProcesses(world().home, NAME, ({ qemu, agent }) => qemu.length + agent.length === 0);
  });

  it('after a sleep of this computer the clock is right, and what was connected goes on', async () => {
    const script = 'echo asleep; sleep 4; echo awake';
    const running = spawnWherry('run', '--rm', world().image('busybox'), 'sh', '-c', script);
    await running.says(/asleep/);
    const { qemu, agent } = await processesOf(world().home, MACHINE);
    const all = [...qemu, ...agent].map(({ pid }) => pid);
    // A guest's clock stands still while its computer sleeps; this one's would go on.
    await world().inVm('date -s "@$(($(date +%s) - 7200))"');
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    await pause(SLEEP_MS);
    for (const pid of all) process.kill(pid, 'SIGCONT');
    await eventually(
      async () => {
        const before = Date.now();
        const guest = Number(await world().inVm('date +%s')) * 1000;
        // The guest tells whole seconds, at some time in between.
        return { early: before - guest, late: guest - Date.now() };
      },
      ({ early, late }) => early < 3000 && late < 2000,
      'the clock is right',
    );
    const log = readFileSync(join(world().home, 'machines', MACHINE, 'agent.log'), 'utf8');
    expect(log).to.contain("the guest's clock was set");
    const { status, stdout, stderr } = await running.finished;
    expect({ status, stdout }, stderr).to.deep.equal({ status: 0, stdout: 'asleep\nawake\n' });
  });

  it('Ctrl-C before and after the machine is made leaves nothing, or a machine that is stopped', async () => {
    for (const [step, left] of [
      [/Check this computer/, [undefined, 'Stopped']],
      [/Create "hard"/, ['Stopped']],
    ] as const) {
      const interrupted = spawnWherry(...create());
      await interrupted.says(step);
      interrupted.signalGroup('SIGINT');
      expect((await interrupted.finished).status, interrupted.output()).to.equal(130);
      const found = await settled(place(), NAME);
      expect(left, String(step)).to.include(found?.state);
      if (found !== undefined) await world().ok(['machine', 'rm', '-f', NAME]);
    }
  });

  it('a start and a removal at once: one is refused, and whatever is left is called what it is', async () => {
    await world().ok(create('--no-start'));
    const both = [spawnWherry('machine', 'start', NAME), spawnWherry('machine', 'rm', '-f', NAME)];
    const [start, rm] = await Promise.all(both.map(({ finished }) => finished));
    expect([start?.status, rm?.status], `${start?.stderr}\n${rm?.stderr}`).to.include(0);
    const refused = [start, rm].filter((result) => result?.status !== 0);
    for (const result of refused) {
      expect(result?.stderr).to.match(/another wherry \(pid \d+, "machine (start|rm) hard"\)|does not exist/);
    }
    const found = await settled(place(), NAME);
    expect(found?.state).to.equal(rm?.status === 0 ? undefined : 'Running');
    if (found !== undefined) await world().ok(['machine', 'rm', '-f', NAME]);
  });

  it('stands still when this computer’s disk is full, says so, and goes on once there is room', async () => {
    await world().ok(create('--no-start'));
    const data = join(world().home, 'machines', NAME, 'data.img');
    const small = mkdtempSync(join(tmpdir(), 'wherry-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', small]);
    try {
      execFileSync('cp', ['--sparse=always', data, join(small, 'data.img')]);
      rmSync(data);
      symlinkSync(join(small, 'data.img'), data);
      await world().ok(['machine', 'start', NAME]);
      const write = 'dd if=/dev/urandom of=/var/lib/wherry/much bs=1M count=128 2>/dev/null; sync; echo done';
      const writing = spawnWherry('machine', 'ssh', NAME, write);
      const reason = 'its disk cannot be written: make room on this computer’s disk, then start it';
      await eventually(
        () => listed(place(), NAME),
        (found) => found?.state === 'Error' && found.error === reason,
        'the full disk is told',
      );
      const tooEarly = await world().wherry(['machine', 'start', NAME]);
      expect(tooEarly.status).to.equal(1);
      expect(tooEarly.stderr).to.match(/this computer's disk is full: "hard" stands still/);
      execFileSync('mount', ['-o', 'remount,size=400m', small]);
      await world().ok(['machine', 'start', NAME]);
      await writing.finished;
      const much = await world().ok(['machine', 'ssh', NAME, 'sync; wc -c < /var/lib/wherry/much']);
      expect(Number(much)).to.equal(128 * 2 ** 20);
      expect((await settled(place(), NAME))?.state).to.equal('Running');
    } finally {
      await world().wherry(['machine', 'rm', '-f', NAME]);
      execFileSync('umount', ['-l', small]);
      rmSync(small, { recursive: true });
    }
  });
});
