import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { FrameDecoder } from '../../../../src/protocol/streams/mux.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** The real conmon and crun of Debian, in namespaces of their own. Linux, as root. */
describe('containers', () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  const stateOf = async (id: string): Promise<Record<string, unknown>> => {
    const { json } = await client.call('GET', `/containers/${id}/json`);
    return json['State'] as Record<string, unknown>;
  };
  /** A container that runs until it is told to stop. */
  const startSleeper = async (script = 'sleep 1000', config: object = {}): Promise<string> => {
    const id = await client.create({
      Cmd: ['sh', '-c', script],
      ...config,
      HostConfig: { NetworkMode: 'none' },
    });
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    return id;
  };
  const remove = async (id: string): Promise<void> => {
    expect((await client.call('DELETE', `/containers/${id}?force=1`)).status).to.equal(204);
  };

  it('run: both streams apart, the exit code, and nothing left', async () => {
    const result = await client.run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(result).to.include({ code: 3, stdout: 'out\n', stderr: 'err\n' });
    expect((await client.call('GET', '/containers/json?all=1')).text).to.equal('[]\n');
    expect(await sandbox.run('sh', '-c', `ls /sys/fs/cgroup/${sandbox.cgroup}`)).not.to.match(/[0-9a-f]{64}/);
  });

  it('lose no byte of a large output or input', async () => {
    const input = 'x'.repeat(300_000);
    const result = await client.run(['cat'], { stdin: input });
    expect(result.stdout === input).to.equal(true);
    const big = await client.run(['sh', '-c', 'dd if=/dev/zero bs=1000 count=3000 2>/dev/null']);
    expect(big.stdout).to.have.length(3_000_000);
  });

  it('give 127 for what is not there and 126 for what is no program', async () => {
    const missing = await client.run(['nope']);
    expect(missing.code).to.equal(127);
    expect(missing.start.status).to.equal(400);
    expect(missing.start.json['message']).to.match(
      /^failed to create task for container: .*exec: "nope": executable file not found in \$PATH$/,
    );
    const plain = await client.run(['/plain']);
    expect(plain.code).to.equal(126);
    expect(plain.start.json['message']).to.match(/exec: "\/plain": permission denied$/);
    expect((await client.run(['/tmp'])).code).to.equal(126);
    expect((await client.run(['/no/such'])).code).to.equal(127);
  });

  it('are on their own inside', async () => {
    const script =
      'hostname; echo $$; grep -E "^(CapBnd|CapEff|NoNewPrivs|Seccomp):" /proc/self/status; ls /sys/class/net; grep ^0:: /proc/1/cgroup; wc -c < /proc/keys; echo 1 > /proc/sys/kernel/panic';
    const { stdout, stderr } = await client.run(['sh', '-c', script], { config: { Hostname: 'box' } });
    expect(stdout.replaceAll('\t', ' ').trim().split('\n')).to.deep.equal([
      'box',
      '1',
      'CapEff: 00000000a80425fb',
      'CapBnd: 00000000a80425fb',
      'NoNewPrivs: 0',
      'Seccomp: 2',
      'lo',
      '0::/',
      '0',
    ]);
    expect(stderr).to.match(/Read-only file system/);
  });

  it('obey their options', async () => {
    const { stdout } = await client.run(
      [
        'sh',
        '-c',
        'id -u; id -g; pwd; echo $A $FROM_IMAGE $HOME; echo x > /t/y && cat /t/y; echo > /z || echo readonly; echo >> /etc/hosts || echo readonly; grep Groups /proc/self/status; cat /etc/resolv.conf; grep NoNew /proc/self/status',
      ],
      {
        config: { User: 'worker', WorkingDir: '/made/here', Env: ['A=1'] },
        host: {
          ReadonlyRootfs: true,
          Tmpfs: { '/t': 'size=1m' },
          GroupAdd: ['77'],
          Dns: ['192.0.2.7'],
          SecurityOpt: ['no-new-privileges'],
        },
      },
    );
    expect(
      stdout
        .replaceAll('\t', ' ')
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).to.deep.equal([
      '1000',
      '1000',
      '/made/here',
      '1 yes /home/w',
      'x',
      'readonly',
      'readonly',
      'Groups: 10 77 1000',
      'nameserver 192.0.2.7',
      'NoNewPrivs: 1',
    ]);
  });

  it('may write to their network files, which are not in the memory that the engine needs', async () => {
    const id = await startSleeper();
    const append = ['sh', '-c', 'echo 192.0.2.1 x >> /etc/hosts && grep -c 192.0.2.1 /etc/hosts'];
    expect((await client.exec(id, append)).stdout).to.equal('1\n');
    const { json } = await client.call('GET', `/containers/${id}/json`);
    for (const key of ['HostsPath', 'HostnamePath', 'ResolvConfPath']) {
      expect(json[key], key).to.match(/\/data\/containers\//);
    }
    await remove(id);
  });

  it('exec: output, exit code, input, and what cannot be run', async () => {
    const id = await startSleeper();
    expect(await client.exec(id, ['sh', '-c', 'echo hi; echo no >&2; exit 5'])).to.deep.equal({
      code: 5,
      stdout: 'hi\n',
      stderr: 'no\n',
    });
    expect(await client.exec(id, ['cat'], 'abc\n')).to.deep.equal({ code: 0, stdout: 'abc\n', stderr: '' });
    const missing = await client.exec(id, ['nope']);
    expect(missing.code).to.equal(127);
    expect(missing.stderr).to.include('exec: "nope": executable file not found in $PATH');
    const nobody = await client.call('POST', `/containers/${id}/exec`, { Cmd: ['true'], User: 'nosuch' });
    const failed = await client.call('POST', `/exec/${String(nobody.json['Id'])}/start`, { Detach: true });
    expect(failed.text).to.match(/unable to find user nosuch/);
    expect(await readdir(join(dirname(sandbox.socketPath), 'run/execs')), 'left behind').to.deep.equal([]);
    await remove(id);
  });

  it('pause, stop with their own signal, start again, and keep one log', async () => {
    const id = await startSleeper('trap "echo bye; exit 7" INT; echo up; while :; do sleep 0.05; done', {
      StopSignal: 'SIGINT',
    });
    expect((await client.call('POST', `/containers/${id}/pause`)).status).to.equal(204);
    expect(await stateOf(id)).to.include({ Status: 'paused', Paused: true, Running: true });
    expect((await client.call('POST', `/containers/${id}/unpause`)).status).to.equal(204);
    expect((await client.call('POST', `/containers/${id}/stop?t=5`)).status).to.equal(204);
    expect(await stateOf(id)).to.include({ Status: 'exited', ExitCode: 7, Pid: 0 });
    expect((await client.call('POST', `/containers/${id}/stop`)).status).to.equal(304);
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(304);
    expect((await client.call('POST', `/containers/${id}/kill`)).status).to.equal(204);
    expect(await stateOf(id)).to.include({ Status: 'exited', ExitCode: 137 });
    const { text } = await client.call('GET', `/containers/${id}/logs?stdout=1`);
    const lines = new FrameDecoder().push(Buffer.from(text)).map(({ payload }) => payload.toString());
    expect(lines.slice(0, 2)).to.deep.equal(['up\n', 'bye\n']);
    await remove(id);
  });

  it('logs follow to the end of the process', async () => {
    const id = await startSleeper('for i in 1 2 3; do echo $i; sleep 0.1; done');
    const { text } = await client.call('GET', `/containers/${id}/logs?stdout=1&stderr=1&follow=1&tail=all`);
    expect(new FrameDecoder().push(Buffer.from(text)).map(({ payload }) => payload.toString())).to.deep.equal(
      ['1\n', '2\n', '3\n'],
    );
    const last = await client.call('GET', `/containers/${id}/logs?stdout=1&tail=1&timestamps=1`);
    expect(last.text.slice(8)).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 3\n$/);
    await remove(id);
  });

  it('give the details of logs, of which there are none', async () => {
    const id = await startSleeper('echo x');
    const { text } = await client.call('GET', `/containers/${id}/logs?stdout=1&follow=1&details=1`);
    expect(new FrameDecoder().push(Buffer.from(text)).map(({ payload }) => String(payload))).to.deep.equal([
      ' x\n',
    ]);
    await remove(id);
  });

  it('have an init if they want: it hands signals on and reaps what is left behind', async () => {
    // What the inner shell leaves behind is pid 1's; as `sleep`, that waits for nobody and hears no SIGTERM.
    const script = 'sh -c "sleep 0.1 & exit 0"; exec sleep 1000';
    const seen: unknown[] = [];
    for (const Init of [true, false]) {
      const id = await client.create({
        Cmd: ['sh', '-c', script],
        HostConfig: { NetworkMode: 'none', Init, ReadonlyRootfs: Init },
      });
      await client.call('POST', `/containers/${id}/start`);
      const { stdout: states } = await client.exec(id, ['sh', '-c', 'sleep 0.5; ps -o stat,args']);
      const { json } = await client.call('GET', `/containers/${id}/json`);
      expect(json).to.nested.include({ Path: 'sh', 'HostConfig.Init': Init });
      const { end } = await client.waitFor(id, 'next-exit');
      await client.call('POST', `/containers/${id}/stop?t=1`);
      seen.push([/^S\w* +\/sbin\/docker-init -- sh -c/m.test(states), /^Z/m.test(states), await end]);
      await remove(id);
    }
    expect(seen).to.deep.equal([
      [true, false, 143],
      [false, true, 137],
    ]);
  });

  it('are pruned where they have ended, as the filters say', async () => {
    const prune = async (filters: object): Promise<Record<string, unknown>> =>
      (await client.call('POST', `/containers/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`))
        .json;
    const running = await startSleeper();
    const wrote = await client.create({
      Cmd: ['dd', 'if=/dev/zero', 'of=/big', 'bs=1000', 'count=50'],
      Labels: { kind: 'wrote' },
      HostConfig: { NetworkMode: 'none' },
    });
    const { end } = await client.waitFor(wrote, 'next-exit');
    await client.call('POST', `/containers/${wrote}/start`);
    await end;
    const created = await client.create({});
    expect(await prune({ until: ['1h'] })).to.deep.equal({ ContainersDeleted: null, SpaceReclaimed: 0 });
    expect(await prune({ label: ['kind=wrote'] })).to.deep.equal({
      ContainersDeleted: [wrote],
      SpaceReclaimed: 50_000,
    });
    expect(await prune({ until: [new Date(Date.now() + 1000).toISOString()] })).to.deep.include({
      ContainersDeleted: [created],
    });
    const refused = await prune({ until: ['soon'] });
    expect(refused['message']).to.equal("failed to parse value for 'until' filter: soon");
    expect((await prune({ name: ['x'] }))['message']).to.equal("invalid filter 'name'");
    expect((await stateOf(running))['Running']).to.equal(true);
    await remove(running);
  });

  it('tell of their lives in events', async () => {
    const id = await client.create(
      { Cmd: ['false'], Labels: { a: 'b' }, HostConfig: { NetworkMode: 'none' } },
      '?name=told',
    );
    const waiting = await client.waitFor(id, 'next-exit');
    await client.call('POST', `/containers/${id}/start`);
    expect(await waiting.end).to.equal(1);
    await remove('told');
    const { json } = await client.call('GET', '/test/events');
    const events = (
      json as unknown as { Action: string; Actor: { ID: string; Attributes: object } }[]
    ).filter(({ Actor }) => Actor.ID === id);
    expect(events.map(({ Action }) => Action)).to.deep.equal(['create', 'start', 'die', 'destroy']);
    expect(events[2]?.Actor.Attributes).to.include({ name: 'told', image: 'busybox', a: 'b', exitCode: '1' });
  });

  it('outlive clients of attach, logs and exec that reset their connection', async () => {
    const id = await startSleeper('while :; do echo 0123456789; done', { OpenStdin: true });
    const { Pid: pid } = await stateOf(id);
    const attach = `/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
    for (let turns = 0; turns < 10; turns += 1) {
      const exec = { Cmd: ['sh', '-c', 'while :; do echo x; done'], AttachStdin: true, AttachStdout: true };
      const { json } = await client.call('POST', `/containers/${id}/exec`, exec);
      await client.vanish('POST', attach, turns);
      await client.vanish('POST', `${attach}&logs=1`, turns * 3);
      await client.vanish('GET', `/containers/${id}/logs?stdout=1&follow=1`, turns);
      await client.vanish('POST', `/exec/${String(json['Id'])}/start`, turns * 3, '{}');
    }
    expect(await stateOf(id)).to.include({ Status: 'running', Pid: pid });
    await remove(id);
  });

  it('run on while the engine is killed, and are taken over by the next', async () => {
    const staying = await startSleeper('echo before; while :; do sleep 0.05; done');
    const ending = await startSleeper('while [ ! -e /end ]; do sleep 0.05; done; exit 9');
    const { Pid: pid } = await stateOf(staying);
    await sandbox.killEngine();
    await sandbox.run('kill', '-0', String(pid));
    const { Pid: endingPid } = {
      Pid: await sandbox.run(
        'sh',
        '-c',
        `cat /sys/fs/cgroup/${sandbox.cgroup}/${ending}/cgroup.procs | head -1`,
      ),
    };
    await sandbox.run('touch', `/proc/${endingPid.trim()}/root/end`);
    // Its exit code is in conmon's hands; the cgroup is empty once it has gone.
    await sandbox.run(
      'sh',
      '-c',
      `until grep -q "populated 0" /sys/fs/cgroup/${sandbox.cgroup}/${ending}/cgroup.events; do sleep 0.05; done`,
    );
    await sandbox.startEngine();
    expect(await stateOf(staying)).to.include({ Status: 'running', Pid: pid });
    expect(await stateOf(ending)).to.include({ Status: 'exited', ExitCode: 9 });
    expect(await client.exec(staying, ['echo', 'again'])).to.include({ code: 0, stdout: 'again\n' });
    const waiting = await client.waitFor(staying, 'next-exit');
    await client.call('POST', `/containers/${staying}/kill?signal=KILL`);
    expect(await waiting.end).to.equal(137);
    await remove(staying);
    await remove(ending);
  });
});
