import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { restartSharedMachine, world } from '../helpers/e2e-hooks.ts';
import { eventually } from '../helpers/eventually.ts';
import { guestSeconds } from '../helpers/guest-clock.ts';
import { waitForLog } from '../helpers/wait-for-log.ts';

describe('restart policies', () => {
  const ok = (...args: string[]) => world().ok(args);
  const docker = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await world().docker(args);
    expect(status, stderr).to.equal(0);
    return stdout;
  };
  const both = async (...args: string[]) => Promise.all([ok(...args), docker(...args)]);
  const inspect = async (name: string, format: string) => (await ok('inspect', '-f', format, name)).trim();
  const until = (name: string, format: string, wanted: RegExp): Promise<string> =>
    eventually(
      () => inspect(name, format),
      (found) => wanted.test(found),
      `${name}: ${wanted}`,
    );

  it('on-failure:2 runs three times; always waits longer each time until it is stopped', async () => {
    const busybox = world().image('busybox');
    await docker('run', '-d', '--name', 'again', '--restart', 'on-failure:2', busybox, 'sh', '-c', 'exit 3');
    await ok('run', '-d', '--name', 'ever', '--restart', 'always', busybox, 'false');
    try {
      expect(
        await until('again', '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}', /^exited/),
      ).to.equal('exited 3 2');
      await until('ever', '{{.RestartCount}} {{.State.Status}}', /^[3-9] restarting$/);
      // In between it runs.
      const restarting = /Restarting \(1\) (Less than a second|\d+ seconds?) ago/;
      for (const list of [() => ok('ps'), () => docker('ps')]) {
        await eventually(list, (shown) => restarting.test(shown), 'ps says that it restarts');
      }
      await docker('stop', 'ever');
      expect(await inspect('ever', '{{.State.Status}} {{.State.Restarting}}')).to.equal('exited false');
      expect(await ok('update', '--restart', 'unless-stopped', 'ever')).to.equal('ever\n');
      expect(await docker('inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', 'ever')).to.equal(
        'unless-stopped\n',
      );
      expect(await docker('update', '--restart=no', 'ever')).to.equal('ever\n');
    } finally {
      await world().wherry(['rm', '-f', 'again', 'ever']);
    }
  });

  it('--rm and --restart exclude one another; so do words that are no policy', async () => {
    const busybox = world().image('busybox');
    const wrong: [string[], RegExp][] = [
      [['--rm', '--restart', 'always'], /onflicting options: --restart and --rm/],
      [['--restart', 'sometimes'], /invalid restart policy: unknown policy 'sometimes'; use one of 'no'/],
      [
        ['--restart', 'on-failure:x'],
        /invalid restart policy format: maximum retry count must be an integer/,
      ],
    ];
    for (const [flags, words] of wrong) {
      const command = ['run', ...flags, busybox, 'true'];
      for (const { status, stderr } of [await world().wherry(command), await world().docker(command)]) {
        expect(stderr).to.match(words);
        expect(status).to.equal(125);
      }
    }
  });

  it('--cidfile, --env-file, --label-file, --stop-signal, --stop-timeout', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wherry-e2e-files-'));
    const [cid, env, labels] = ['cid', 'env', 'labels'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(env, '# comment\nFROM_FILE=1\nBOTH=file\n');
    writeFileSync(labels, 'com.example.a=1\nbare\n');
    const flags = [
      '--env-file',
      env,
      '-e',
      'BOTH=flag',
      '--label-file',
      labels,
      '--stop-signal',
      'INT',
      '--stop-timeout',
      '3',
    ];
    const busybox = world().image('busybox');
    try {
      await ok(
        'run',
        '-d',
        '--name',
        'filed',
        '--cidfile',
        cid,
        ...flags,
        busybox,
        'sh',
        '-c',
        'trap "exit 7" INT; env; while :; do sleep 0.1; done',
      );
      expect(readFileSync(cid, 'utf8')).to.equal(await inspect('filed', '{{.Id}}'));
      expect(await inspect('filed', '{{.Config.Labels}} {{.Config.StopTimeout}}')).to.match(
        /com.example.a:1.* 3$|bare.* 3$/,
      );
      const again = await world().wherry(['run', '--cidfile', cid, busybox, 'true']);
      expect(again.status).to.equal(125);
      expect(again.stderr).to.include("container ID file found, make sure the other container isn't running");
      await waitForLog(world(), 'filed', 'FROM_FILE=1');
      await docker('stop', 'filed');
      expect(await inspect('filed', '{{.State.ExitCode}}')).to.equal('7');
      const said = (await ok('logs', 'filed')).split('\n');
      expect(said).to.include.members(['FROM_FILE=1', 'BOTH=flag']);
    } finally {
      await world().wherry(['rm', '-f', 'filed']);
      rmSync(directory, { recursive: true });
    }
  });

  it('--init: pid 1 is docker-init, hands signals on, and reaps', async () => {
    const script = 'sh -c "sleep 0.1 & exit 0"; exec sleep 600';
    await docker('run', '-d', '--init', '--name', 'initial', world().image('busybox'), 'sh', '-c', script);
    try {
      const processes = await ok('exec', 'initial', 'sh', '-c', 'sleep 1; ps -o stat,args');
      expect(processes).to.match(/^S +\/sbin\/docker-init -- sh -c/m);
      expect(processes).not.to.match(/^Z/m);
      await ok('stop', 'initial');
      expect(await inspect('initial', '{{.State.ExitCode}} {{.HostConfig.Init}}')).to.equal('143 true');
    } finally {
      await world().wherry(['rm', '-f', 'initial']);
    }
  });

  it('container prune removes what has ended, and asks first', async () => {
    const busybox = world().image('busybox');
    await ok('run', '--name', 'past', '--label', 'gone', busybox, 'sh', '-c', 'seq 1000 > /file');
    const id = await inspect('past', '{{.Id}}');
    const asked = await world().wherry(['container', 'prune', '--filter', 'label=gone'], { input: 'n\n' });
    expect(asked.stdout).to.match(/^WARNING! This will remove all stopped containers\.\nAre you sure/);
    expect(await ok('ps', '-aq', '--no-trunc', '--filter', 'label=gone')).to.equal(`${id}\n`);
    expect(await ok('container', 'prune', '-f', '--filter', 'until=1h')).to.match(
      /^Total reclaimed space: 0B/,
    );
    expect(await docker('container', 'prune', '-f', '--filter', 'label=gone')).to.equal(
      `Deleted Containers:\n${id}\n\nTotal reclaimed space: 3.893kB\n`,
    );
  });

  it('lists and events look the same in both clients', async () => {
    const busybox = world().image('busybox');
    const began = String(await guestSeconds());
    await ok('volume', 'create', 'listed');
    const flags = ['--label', 'com.example.kind=listed', '-v', 'listed:/data', '--expose', '81'];
    // What the kernel kills there is not the first process: that goes on.
    const command = ['sh', '-c', 'tail /dev/zero; exec sleep 600'];
    await ok('run', '-d', '--name', 'listed-a', '-m', '16m', ...flags, busybox, ...command);
    await docker('run', '--name', 'listed-b', ...flags, busybox, 'true');
    await ok('create', '--name', 'listed-c', ...flags, busybox, 'env', 'a b');
    const hungry = ['run', '-m', '16m', '--name', 'listed-d', ...flags, busybox, 'tail', '/dev/zero'];
    expect((await world().wherry(hungry)).status).to.equal(137);
    try {
      expect(await inspect('listed-d', '{{.State.OOMKilled}}')).to.equal('true');
      await until('listed-a', '{{.State.OOMKilled}} {{.State.Status}}', /^true running$/);
      const kind = ['--filter', 'label=com.example.kind=listed'];
      const all =
        '{{.ID}}|{{.Image}}|{{.Command}}|{{.Ports}}|{{.State}}|{{.Names}}|{{.Labels}}|{{.Mounts}}|{{.LocalVolumes}}|{{.Networks}}|{{.CreatedAt}}';
      const lists = [
        ['-a', '--format', all],
        ['-a', '--no-trunc', '--format', all],
        ['-l', '-q', '--no-trunc'],
        ['-n', '2', '--format', 'table {{.Names}}\t{{.Label "com.example.kind"}}'],
        ['--format', '{{.Names}}', '--filter', 'expose=80-82'],
        ['-aq', '--filter', 'volume=listed', '--filter', 'status=created', '--filter', 'status=running'],
        ['-aq', '--filter', 'before=listed-b', '--filter', 'ancestor=' + busybox],
        ['-aq', '--filter', 'since=listed-b', '--filter', 'network=bridge'],
      ];
      for (const list of lists) {
        const [ours, theirs] = await both('ps', ...kind, ...list);
        expect(ours, list.join(' ')).to.equal(theirs);
        expect(ours).not.to.equal('');
      }
      const span = ['--since', began, '--until', String((await guestSeconds()) + 1)];
      const told = [
        ['--filter', 'container=listed'],
        ['--filter', 'type=volume', '--filter', 'volume=listed'],
        ['--filter', 'event=oom', '--filter', 'event=die', ...kind],
        ['--filter', 'network=bridge'],
        ['--format', '{{.Type}} {{.Action}} {{.Actor.ID}}', '--filter', `image=${busybox}`],
        ['--format', 'json', '--filter', 'event=create'],
      ];
      for (const filters of told) {
        const [ours, theirs] = await both('events', ...span, ...filters);
        const read = (text: string): unknown =>
          text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as unknown);
        if (filters[1] === 'json') expect(read(ours)).to.deep.equal(read(theirs));
        else expect(ours, filters.join(' ')).to.equal(theirs);
        expect(ours).not.to.equal('');
      }
    } finally {
      await world().wherry(['rm', '-f', 'listed-a', 'listed-b', 'listed-c', 'listed-d']);
      await world().wherry(['volume', 'rm', 'listed']);
    }
  });

  it('the machine stops its containers in order, and starts those whose policy says so', async () => {
    const busybox = world().image('busybox');
    const script = 'trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.1; done';
    const start = (name: string, policy: string) =>
      ok('run', '-d', '--name', name, '--restart', policy, busybox, 'sh', '-c', script);
    const names = ['p-always', 'p-unless', 'p-stopped', 'p-halted', 'p-failed', 'p-no', 'p-slow'];
    try {
      await start('p-always', 'always');
      await start('p-unless', 'unless-stopped');
      await start('p-stopped', 'unless-stopped');
      await start('p-halted', 'always');
      await start('p-failed', 'on-failure');
      await start('p-no', 'no');
      // Longer than docker's ten seconds, and its own: it is waited for.
      const slow = 'trap "sleep 13; echo bye; exit 6" TERM; echo up; while :; do sleep 0.1; done';
      await ok('run', '-d', '--name', 'p-slow', '--stop-timeout', '30', busybox, 'sh', '-c', slow);
      // Before its trap is set, a first process doesn't hear the signal.
      for (const name of ['p-always', 'p-stopped', 'p-no', 'p-slow']) await waitForLog(world(), name, 'up');
      await ok('stop', 'p-stopped', 'p-halted');
      await restartSharedMachine();
      for (const name of ['p-always', 'p-unless', 'p-halted', 'p-failed']) {
        await until(name, '{{.State.Status}}', /^running$/);
      }
      for (const name of ['p-stopped', 'p-no']) {
        expect(await inspect(name, '{{.State.Status}} {{.State.ExitCode}}'), name).to.equal('exited 5');
      }
      expect(await inspect('p-slow', '{{.State.Status}} {{.State.ExitCode}}')).to.equal('exited 6');
      // Each was told to end and had the time to say something.
      await eventually(
        () => ok('logs', 'p-always'),
        (said) => said === 'up\nbye\nup\n',
        'what p-always says',
      );
    } finally {
      await world().wherry(['rm', '-f', ...names]);
    }
  });
});
