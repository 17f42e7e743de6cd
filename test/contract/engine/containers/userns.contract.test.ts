import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { readTar } from '../../../../src/image-builder/tar/reader.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** `--userns=auto`; the real conmon, crun and kernel. Linux, as root. */
describe('containers with user ids of their own', () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  const AUTO = { UsernsMode: 'auto' };
  const sh = async (script: string, host: object = {}, config: object = {}): Promise<string> => {
    const { stdout, start } = await client.run(['sh', '-c', `exec 2>&1; ${script}`], {
      host: { ...AUTO, ...host },
      config,
    });
    expect(start.status, start.text).to.equal(204);
    return stdout.replaceAll(/[\t ]+/g, ' ');
  };
  const started: string[] = [];
  const sleeper = async (host: object = {}, config: object = {}): Promise<string> => {
    const body = { Cmd: ['sleep', '1000'], ...config, HostConfig: { NetworkMode: 'none', ...AUTO, ...host } };
    const id = await client.create(body);
    started.push(id);
    const answer = await client.call('POST', `/containers/${id}/start`);
    expect(answer.status, answer.text).to.equal(204);
    return id;
  };
  afterEach(async () => {
    for (const id of started.splice(0)) await client.call('DELETE', `/containers/${id}?force=1`);
  });
  const pidOf = async (id: string): Promise<number> => {
    const { json } = await client.call('GET', `/containers/${id}/json`);
    return (json['State'] as { Pid: number }).Pid;
  };
  const firstIdOf = async (id: string): Promise<number> =>
    Number((await sandbox.run('cat', `/proc/${await pidOf(id)}/uid_map`)).trim().split(/\s+/)[1]);

  it('have a range each, that nobody else has, and give it back', async () => {
    const [one, two] = [await sleeper(), await sleeper()];
    const [first, second] = [await firstIdOf(one), await firstIdOf(two)];
    expect(first).to.be.at.least(524_288);
    expect(Math.abs(first - second)).to.be.at.least(65_536);
    const { stdout } = await client.exec(one, ['cat', '/proc/self/uid_map', '/proc/self/gid_map']);
    expect(stdout.trim().split(/\s+/).map(Number)).to.deep.equal([0, first, 65_536, 0, first, 65_536]);
    const status = await sandbox.run('cat', `/proc/${await pidOf(one)}/status`);
    expect(status).to.match(new RegExp(`^Uid:\\s+${first}\\s`, 'm'));
    await client.call('DELETE', `/containers/${one}?force=1`);
    expect(await firstIdOf(await sleeper())).to.equal(first);
  });

  it('keep it over a restart, of the container and of the engine', async () => {
    const id = await sleeper({}, { Cmd: ['sh', '-c', 'touch /kept; ls -ln /kept; sleep 1000'] });
    const first = await firstIdOf(id);
    await client.call('POST', `/containers/${id}/restart?t=0`);
    expect(await firstIdOf(id)).to.equal(first);
    expect((await client.exec(id, ['ls', '-ln', '/kept'])).stdout).to.match(/ 0 +0 /);
    await sandbox.killEngine();
    await sandbox.startEngine();
    expect(await firstIdOf(await sleeper())).not.to.equal(first);
    expect((await client.exec(id, ['cat', '/proc/self/uid_map'])).stdout).to.include(String(first));
  });

  it("see the image's owners, set-user-id files, and the files that they make, as their own", async () => {
    const id = await sleeper();
    const first = await firstIdOf(id);
    const script =
      'ls -ln /seed | sort; stat -c "%u %a" /root/ping; touch /made; chown 7:8 /made; ls -ln /made; chown 1000 /plain; cat /etc/hosts > /dev/null && echo x >> /etc/hosts && echo written';
    const { stdout, stderr } = await client.exec(id, ['sh', '-c', script]);
    expect(stderr).to.equal('');
    expect(stdout).to.match(/ 1000 +1001 .* file$/m);
    expect(stdout).to.match(/^0 4755$/m);
    expect(stdout).to.match(/ 7 +8 .*\/made$/m);
    expect(stdout).to.match(/written/);
    const root = `/proc/${await pidOf(id)}/root`;
    expect(await sandbox.run('stat', '-c', '%u %g', `${root}/made`)).to.equal(`${first + 7} ${first + 8}\n`);
    expect(await sandbox.run('stat', '-c', '%u', `${root}/plain`)).to.equal(`${first + 1000}\n`);
    const image = join(dirname(sandbox.socketPath), 'data/image/plain');
    expect(await sandbox.run('stat', '-c', '%u', image), 'nothing of the image is chowned').to.equal('0\n');
  });

  it('run as another user, and become root by a set-user-id file', async () => {
    const script =
      'id; head -c 0 /etc/passwd && echo read; true > /etc/passwd || echo no; ping -c 1 127.0.0.1; /root/ping -c 1 127.0.0.1';
    const output = await sh(script, {}, { User: 'worker' });
    expect(output).to.match(
      /^uid=1000\(worker\) gid=1000\(worker\) groups=10\(wheel\),1000\(worker\)\nread\n.*Permission denied\nno\n/,
    );
    // No route, but a raw socket: the second one is root's.
    expect(output).to.match(/\nping: permission denied.*\n[^]*\nping: sendto: Network is unreachable/);
    const id = await sleeper();
    expect((await client.exec(id, ['id', '-u'], undefined, { User: '1000' })).stdout).to.equal('1000\n');
  });

  it('are root in their network, and nowhere else', async () => {
    const output = await sh(
      'ls /sys/class/net; (nc -l -p 80 -e true & sleep 0.1; kill %1 && echo listens); echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/kernel/panic; chown 0 /dev/null; mknod /x c 1 3; echo out > /dev/stdout; cat /proc/self/setgroups',
    );
    expect(output).to.match(/^lo\nlistens\n/);
    expect(output).to.match(/ip_forward: Read-only/);
    expect(output).to.match(/panic: Read-only/);
    expect(output).to.match(/chown: \/dev\/null: .*not permitted/);
    expect(output).to.match(/mknod: \/x: Operation not permitted/);
    expect(output).to.match(/\nout\nallow\n$/);
  });

  it('have their volumes with the ids that others see there too', async () => {
    await sh('echo auto > /v/a; chown 5:6 /v/a; ls -ln /v/a', { Binds: ['shared:/v'] });
    const seen = await sh('ls -ln /v/a; cat /v/a; echo host > /v/b; chown 0:9 /v/b', {
      UsernsMode: 'host',
      Binds: ['shared:/v'],
    });
    expect(seen).to.match(/ 5 6 .*\nauto\n/);
    expect(await sh('ls -ln /v/b; cat /v/b; echo more >> /v/b; cat /v/b', { Binds: ['shared:/v'] })).to.match(
      / 0 9 .*\nhost\nhost\nmore\n/,
    );
    const filled = await sh('ls -ln /seed/file; cat /seed/file', {}, { Image: 'seeded' });
    expect(filled, "filled from the image, with the image's owners").to.match(/ 1000 1001 .*\ncontent\n/);
  });

  it('have a shared memory, tmpfs and a terminal of their own', async () => {
    const output = await sh('echo x > /dev/shm/x && echo x > /t/x && ls -ln /dev/shm/x /t/x', {
      Tmpfs: { '/t': '' },
      IpcMode: 'shareable',
    });
    expect(output.match(/ 0 0 /g)).to.have.length(2);
    const id = await sleeper({}, { Cmd: ['sh', '-c', 'tty && echo shown > /dev/tty'], Tty: true });
    const { text } = await client.call('GET', `/containers/${id}/logs?stdout=1&follow=1`);
    expect(text.replaceAll('\r', '')).to.match(/^\/dev\/(console|pts\/0)\nshown\n$/);
  });

  it("can't be those who share the machine's namespaces, or have all privileges", async () => {
    const cases: [object, number, RegExp][] = [
      [{ Privileged: true }, 400, /^privileged mode is incompatible with user namespaces\./],
      [
        { NetworkMode: 'host' },
        400,
        /^cannot share the host's network namespace when user namespaces are enabled$/,
      ],
      [{ PidMode: 'host' }, 400, /^cannot share the host PID namespace when user namespaces are enabled$/],
      [{ UsernsMode: 'keep-id' }, 400, /^invalid USER mode: keep-id$/],
    ];
    for (const [host, status, message] of cases) {
      const answer = await client.call('POST', '/containers/create', {
        Image: 'busybox',
        HostConfig: { ...AUTO, ...host },
      });
      expect([answer.status, String(answer.json['message'])]).to.satisfy(
        ([code, text]: [number, string]) => code === status && message.test(text),
        answer.text,
      );
    }
  });

  it('take files by cp, and give them, with the owners that they see themselves', async () => {
    const id = await sleeper();
    const url = (path: string): string => `/containers/${id}/archive?path=${path}`;
    const { body } = await client.archive('GET', url('/seed/file'));
    for await (const entry of readTar(Readable.from([body]))) {
      expect(entry).to.include({ path: 'file', uid: 1000, gid: 1001 });
    }
    const script = 'stat -c "%u %g" /tmp/file && rm /tmp/file && echo removed';
    for (const running of [true, false]) {
      if (!running) await client.call('POST', `/containers/${id}/stop?t=0`);
      expect((await client.archive('PUT', url('/tmp'), body)).status).to.equal(200);
      if (!running) await client.call('POST', `/containers/${id}/start`);
      const { stdout } = await client.exec(id, ['sh', '-c', script]);
      expect(stdout, running ? 'running' : 'stopped').to.equal('1000 1001\nremoved\n');
    }
    const changes = await client.call('GET', `/containers/${id}/changes`);
    expect(changes.text, 'no file of the image counts as changed').not.to.match(/seed|passwd|busybox/);
  });

  it('share the ids of those whose namespaces they share', async () => {
    const donor = await sleeper({ IpcMode: 'shareable' });
    const joiner = await sleeper({
      NetworkMode: `container:${donor}`,
      PidMode: `container:${donor}`,
      IpcMode: `container:${donor}`,
    });
    expect(await firstIdOf(joiner)).to.equal(await firstIdOf(donor));
    const [theirs, own] = await Promise.all(
      [donor, joiner].map(async (id) => sandbox.run('readlink', `/proc/${await pidOf(id)}/ns/user`)),
    );
    expect(own).to.equal(theirs);
    const script =
      'echo x > /dev/shm/x; ls /sys/class/net; nc -l -p 80 -e true & sleep 0.1; kill $! && echo listens; ps | grep -c "sleep 1000"; touch /made && stat -c %u /made';
    const { stdout, stderr } = await client.exec(joiner, ['sh', '-c', script]);
    expect(stdout, stderr).to.match(/^lo\nlistens\n[2-9]\n0\n$/);
    expect((await client.exec(donor, ['cat', '/dev/shm/x'])).stdout).to.equal('x\n');
    await client.call('DELETE', `/containers/${donor}?force=1`);
    const host = await sleeper({ UsernsMode: 'host' });
    const mixed = await client.call('POST', '/containers/create', {
      Image: 'busybox',
      HostConfig: { ...AUTO, NetworkMode: `container:${host}` },
    });
    expect([mixed.status, mixed.json['message']]).to.deep.equal([
      400,
      'cannot share namespaces of a container that has no user namespace: use --userns=host',
    ]);
  });

  it('leave nothing behind', async () => {
    await sh('true');
    expect(
      await sandbox.run(
        'sh',
        '-c',
        `ls ${dirname(sandbox.socketPath)}/run/users; grep -c /run/users/ /proc/self/mountinfo || true`,
      ),
    ).to.equal('0\n');
  });

  it("are everybody's where the machine says so, unless they say otherwise", async () => {
    await sandbox.killEngine();
    await sandbox.startEngine('auto');
    const own = await sleeper({ UsernsMode: '' });
    expect(await firstIdOf(own)).to.be.greaterThan(0);
    const { json } = await client.call('GET', `/containers/${own}/json`);
    expect(json['HostConfig']).to.include({ UsernsMode: '' });
    expect(await firstIdOf(await sleeper({ UsernsMode: 'host' }))).to.equal(0);
    const shared = await sleeper({ UsernsMode: '', NetworkMode: `container:${own}` });
    expect(await firstIdOf(shared)).to.equal(await firstIdOf(own));
    const privileged = { Image: 'busybox', HostConfig: { Privileged: true } };
    expect((await client.call('POST', '/containers/create', privileged)).status).to.equal(400);
  });
});
