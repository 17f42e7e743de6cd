import { expect } from 'chai';
import { outputOf } from '../helpers/both-clients.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';
import { eventually } from '../helpers/eventually.ts';

const MIB = 2 ** 20;
const FILES =
  'memory.max memory.swap.max memory.low cpu.max cpu.weight cpuset.cpus pids.max io.weight io.max';
const READ = `cd /sys/fs/cgroup; for file in ${FILES}; do echo "$file: $(cat $file)"; done`;

describe('limits', () => {
  const busybox = () => world().image('busybox');
  const run = (flags: readonly string[], script: string) =>
    outputOf(['run', '--rm', ...flags, busybox(), 'sh', '-c', script]);
  /** The disk that holds containers' data, as a path in the VM. */
  let disk = '';

  before(async () => {
    const mounts = await world().ok([
      'run',
      '--rm',
      busybox(),
      'grep',
      ' /etc/hosts ',
      '/proc/self/mountinfo',
    ]);
    disk = / - ext4 (\/dev\/\w+) /.exec(mounts)?.[1] ?? '';
  });

  it("are in the container's cgroup, whichever client asked for them", async () => {
    const flags = [
      '--memory=64m --memory-reservation=32m --memory-swap=96m --cpus=0.5 --cpu-shares=512',
      '--cpuset-cpus=0 --cpuset-mems=0 --pids-limit=40 --blkio-weight=500 --oom-score-adj=500',
      '--ulimit=nofile=100:200 --sysctl=net.core.somaxconn=99 --shm-size=3m',
      `--blkio-weight-device=${disk}:10`,
    ]
      .join(' ')
      .split(' ');
    const more =
      'cat /proc/self/oom_score_adj /proc/sys/net/core/somaxconn; ulimit -Sn; ulimit -Hn; df -k /dev/shm';
    const [ours, theirs] = await run(flags, `${READ}; ${more}`);
    expect(ours.stdout, ours.stderr).to.equal(theirs.stdout);
    expect(ours).to.include({ status: 0, stderr: '' });
    const lines = ours.stdout.split('\n');
    expect(lines.slice(0, 7)).to.deep.equal([
      `memory.max: ${64 * MIB}`,
      `memory.swap.max: ${32 * MIB}`,
      `memory.low: ${32 * MIB}`,
      'cpu.max: 50000 100000',
      'cpu.weight: 20',
      'cpuset.cpus: 0',
      'pids.max: 40',
    ]);
    expect(lines[7]).to.equal('io.weight: default 4950');
    expect(lines[8]).to.match(/^\d+:\d+ 1$/);
    expect(lines[9]).to.equal('io.max: ');
    expect(lines.slice(10, 14)).to.deep.equal(['500', '99', '100', '200']);
    expect(lines.slice(14).join(' ')).to.match(/ 3072 /);
    // Not in both: docker's client of Debian trixie (26.1.5) loses these flags, and sends empty lists.
    const rates = [`--device-read-bps=${disk}:2mb`, `--device-write-iops=${disk}:77`];
    const throttled = ['run', '--rm', ...rates, busybox(), 'cat', '/sys/fs/cgroup/io.max'];
    expect(await world().ok(throttled)).to.match(/^\d+:\d+ rbps=2097152 wbps=max riops=max wiops=77$/m);
  });

  it('end what takes too much memory, or forks too often', async () => {
    const fill = 'exec dd if=/dev/zero of=/dev/shm/x bs=1M count=40';
    const little = '--memory=16m --memory-swap=16m --shm-size=64m'.split(' ');
    const memory = await world().wherry([
      'run',
      '--name',
      'limits-oom',
      ...little,
      busybox(),
      'sh',
      '-c',
      fill,
    ]);
    expect(memory.status, memory.stderr).to.equal(137);
    expect(await world().ok(['inspect', '-f', '{{.State.OOMKilled}}', 'limits-oom'])).to.equal('true\n');
    await world().ok(['rm', 'limits-oom']);

    const forks = 'for i in 1 2 3 4 5 6 7 8; do sleep 600 & done; echo all';
    const pids = await world().wherry(['run', '--rm', '--pids-limit', '4', busybox(), 'sh', '-c', forks]);
    expect(pids.stdout).to.equal('');
    expect(pids.stderr).to.match(/can't fork|Resource temporarily unavailable/);
  });

  it('slow a disk and a processor down', async () => {
    // 3 MiB at 1 MiB a second, against no limit at all.
    const uptime = 'read now rest < /proc/uptime; echo $now';
    const write = `${uptime}; dd if=/dev/zero of=/x bs=256k count=12 oflag=direct 2>/dev/null; ${uptime}`;
    const seconds = async (...flags: string[]): Promise<number> => {
      const text = await world().ok(['run', '--rm', ...flags, busybox(), 'sh', '-c', write]);
      const [from, to] = text.split('\n').map(Number);
      return (to ?? NaN) - (from ?? NaN);
    };
    const slowed = await seconds('--device-write-bps', `${disk}:1mb`);
    expect(slowed).to.be.greaterThan(2);
    // Somebody else may keep the computer's disk busy for a while.
    await eventually(
      seconds,
      (unlimited) => unlimited < slowed / 2,
      `less than half of ${slowed} s without a limit`,
    );

    const spin = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; cat /sys/fs/cgroup/cpu.stat';
    const cpu = await world().ok(['run', '--rm', '--cpus', '0.1', busybox(), 'sh', '-c', spin]);
    expect(Number(/^nr_throttled (\d+)$/m.exec(cpu)?.[1])).to.be.greaterThan(0);
  });

  it('hold for what a container writes to its own layer', async () => {
    // Privileged: not even who may pass over a quota passes over this one.
    const flags = ['--storage-opt', 'size=8m', '--privileged'];
    const script =
      'dd if=/dev/zero of=/big bs=1M count=20; stat -c %s /big; df -k / | tail -n 1; rm /big; echo x > /y';
    for (const { status, stdout, stderr } of await run(flags, script)) {
      expect(status, stderr).to.equal(0);
      expect(stderr).to.match(/Disk quota exceeded|No space left/);
      const [size, line = ''] = stdout.split('\n');
      expect(Number(size)).to.be.within(6 * MIB, 8 * MIB);
      expect(line).to.match(/ 8192 /);
    }
    const wrong = await world().wherry(['run', '--rm', '--storage-opt', 'inodes=5', busybox(), 'true']);
    expect(wrong.status).to.equal(125);
    expect(wrong.stderr).to.match(/unknown option inodes/);
  });

  it('slow a network down, in each direction, on each network', async () => {
    await world().ok(['network', 'create', 'limits-net']);
    const program = 'nc -ll -p 7000 -e dd if=/dev/zero bs=1k count=384'.split(' ');
    const serve = (name: string, ...flags: string[]) =>
      world().ok(['run', '-d', '--name', name, ...flags, busybox(), ...program]);
    await serve('limits-server', '--network=limits-net');
    await serve('limits-joined');
    const options = ['--driver-opt', 'dev.wherry.net-rate-out=1mbit'];
    const joined = await world().docker(['network', 'connect', ...options, 'limits-net', 'limits-joined']);
    expect(joined.status, joined.stderr).to.equal(0);

    const uptime = 'read now rest < /proc/uptime; echo $now';
    const seconds = async (server: string, ...flags: string[]): Promise<number> => {
      const script = `${uptime}; nc ${server} 7000 < /dev/null | wc -c; ${uptime}`;
      const client = ['run', '--rm', '--network=limits-net', ...flags, busybox(), 'sh', '-c', script];
      const [from = NaN, size, to = NaN] = (await world().ok(client)).split('\n').map(Number);
      expect(size).to.equal(384 * 1024);
      return to - from;
    };
    // 384 KiB at 125 kB a second, less what a burst lets through at once.
    const slowed = [await seconds('limits-server', '--net-rate-in=1mbit'), await seconds('limits-joined')];
    for (const time of slowed) expect(time).to.be.greaterThan(2);
    const least = Math.min(...slowed);
    await eventually(
      () => seconds('limits-server'),
      (unlimited) => unlimited < least / 2,
      `less than half of ${least} s without a limit`,
    );
    await world().ok(['rm', '-f', 'limits-server', 'limits-joined']);
    await world().ok(['network', 'rm', 'limits-net']);
    expect(await world().ok(['machine', 'ssh', MACHINE, 'ls', '/sys/class/net'])).not.to.match(
      /ifb[0-9a-f]{8}/,
    );
  });

  it('of a network are its options, and need one', async () => {
    const rates = ['--net-rate-in=10mbit', '--net-rate-out=1MB/s'];
    await world().ok(['create', '--name', 'limits-rates', ...rates, busybox(), 'true']);
    const networks = await world().ok([
      'inspect',
      '-f',
      '{{json .NetworkSettings.Networks}}',
      'limits-rates',
    ]);
    expect(networks).to.include('"dev.wherry.net-rate-in":"10mbit","dev.wherry.net-rate-out":"1MB/s"');
    await world().ok(['rm', 'limits-rates']);
    for (const [flags, reason] of [
      [['--net-rate-in=10mb'], /invalid network rate "10mb"/],
      [['--net-rate-in=10mbit', '--network=host'], /network interface of its own/],
    ] as const) {
      const refused = await world().wherry(['create', ...flags, busybox(), 'true']);
      expect(refused.status).to.equal(1);
      expect(refused.stderr).to.match(reason);
    }
  });

  it('that cannot be are refused or left out in the same words', async () => {
    const refused: [string[], RegExp][] = [
      [['--cpu-rt-runtime=95000'], /Your kernel does not support CPU real-time scheduler/],
      [['--memory=1m'], /Minimum memory limit allowed is 6MB/],
      [['--cpuset-cpus=9'], /Requested CPUs are not available - requested 9, available: 0-1/],
      [['--cpus=9'], /range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available/],
      [['--blkio-weight-device=/dev/nonesuch:10'], /stat \/dev\/nonesuch: no such file or directory/],
      [['--sysctl=net.core.somaxconn=9', '--network=host'], /not allowed in host network namespace/],
      [['--sysctl=kernel.panic=1'], /sysctl 'kernel.panic=1' is not allowed/],
    ];
    for (const [flags, reason] of refused) {
      for (const { status, stderr } of await run(flags, 'true')) {
        // docker's client takes "no such file" for a program's.
        expect(status, flags.join(' ')).to.be.oneOf([125, 127]);
        expect(stderr).to.match(reason);
      }
    }
    for (const { status, stderr } of await run(['--memory-swappiness=50', '--oom-kill-disable'], 'true')) {
      expect(status).to.equal(0);
      expect(stderr).to.match(/WARNING: Your kernel does not support memory swappiness/);
      expect(stderr).to.match(/WARNING: Your kernel does not support OomKillDisable/);
    }
  });

  it('are updated while the container runs, and kept for its next start', async () => {
    await world().ok(['run', '-d', '--name', 'limits-live', '--memory', '64m', busybox(), 'sleep', '600']);
    const files = async (client = world().wherry.bind(world())) =>
      (await client(['exec', 'limits-live', 'sh', '-c', READ])).stdout.split('\n');
    const flags = '--memory=32m --memory-swap=48m --cpus=0.25 --cpu-shares=1024 --pids-limit=30'.split(' ');
    const updated = await world().docker(['update', ...flags, '--cpuset-cpus=1', 'limits-live']);
    expect(updated).to.include({ status: 0, stdout: 'limits-live\n' });
    const wanted = [
      `memory.max: ${32 * MIB}`,
      `memory.swap.max: ${16 * MIB}`,
      'memory.low: 0',
      'cpu.max: 25000 100000',
      'cpu.weight: 39',
      'cpuset.cpus: 1',
      'pids.max: 30',
    ];
    expect((await files()).slice(0, 7)).to.deep.equal(wanted);
    expect(
      await world().ok(['update', '--blkio-weight', '1000', '--pids-limit', '-1', 'limits-live']),
    ).to.equal('limits-live\n');
    expect((await files())[7]).to.equal('io.weight: default 10000');
    expect((await files())[6]).to.equal('pids.max: max');
    await world().ok(['stop', '-t', '0', 'limits-live']);
    await world().ok(['update', '--memory-reservation', '20m', 'limits-live']);
    await world().ok(['start', 'limits-live']);
    wanted[2] = `memory.low: ${20 * MIB}`;
    wanted[6] = 'pids.max: max';
    // The runtime's own translation is the same as the update's.
    expect((await files()).slice(0, 7)).to.deep.equal(wanted);

    for (const { status, stderr } of await outputOf(['update', '--memory', '128m', 'limits-live'])) {
      expect(status).to.equal(1);
      expect(stderr).to.match(/Cannot update container .*: Memory limit should be smaller than already set/);
    }
    for (const { status, stderr } of await outputOf(['update', 'limits-live'])) {
      expect(status).to.equal(1);
      expect(stderr).to.match(/you must provide one or more flags when using this command/);
    }
    await world().ok(['rm', '-f', 'limits-live']);
  });
});
