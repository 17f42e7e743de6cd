import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Ways out of a container that worked elsewhere, one test a class. Each is what an attacker does, and says what an
 * engine has to do for it to succeed. The real conmon and crun. Linux, as root.
 */
describe('escapes from containers', () => {
  let sandbox: Sandbox;
  let client: Client;
  /** The engine's data directory, in the machine. */
  let data: string;

  before(async () => {
    ({ sandbox, client } = await engineInSandbox());
    data = join(dirname(sandbox.socketPath), 'data');
  });
  after(async () => {
    await sandbox?.close();
  });

  const run = async (script: string, host: object = {}, config: object = {}) =>
    client.run(['sh', '-c', `exec 2>&1; ${script}`], { host, config });
  /** Fills a volume by a container, as an attacker's first container does. */
  const prepare = async (volume: string, script: string): Promise<void> => {
    expect((await run(`cd /v && ${script}`, { Binds: [`${volume}:/v`] })).code).to.equal(0);
  };
  const sleeper = async (host: object = {}, config: object = {}): Promise<string> => {
    const body = { Cmd: ['sleep', '1000'], ...config, HostConfig: { NetworkMode: 'none', ...host } };
    const id = await client.create(body);
    const answer = await client.call('POST', `/containers/${id}/start`);
    expect(answer.status, answer.text).to.equal(204);
    return id;
  };
  const remove = async (id: string): Promise<void> => {
    await client.call('DELETE', `/containers/${id}?force=1`);
  };

  it("a working directory that is one of the runtime's open files (CVE-2024-21626)", async () => {
    // A naive runtime has a directory of the machine open when it changes into the working directory: from
    // /proc/self/fd/7 `../../..` leads to the machine's root, for `run -w` and for `exec -w` alike.
    const look = 'cat /proc/self/cwd/../../../../../../../proc/1/comm; readlink /proc/self/cwd';
    const id = await sleeper();
    for (let fd = 3; fd < 12; fd += 1) {
      const WorkingDir = `/proc/self/fd/${fd}`;
      const started = await run(look, {}, { WorkingDir });
      if (started.start.status === 204) expect(started.stdout, WorkingDir).to.match(/^sh\n\//);
      else expect(started.start.text).to.match(/chdir to/);
      const executed = await client.exec(id, ['sh', '-c', look], undefined, { WorkingDir });
      if (executed.code === 0) expect(executed.stdout, WorkingDir).to.match(/^sleep\n\//);
      else expect(executed.stderr).to.match(/chdir to|cwd/);
    }
    await remove(id);
  });

  it("files of the engine's that stay open in a container (CVE-2024-21626)", async () => {
    // A naive engine starts programs with its own files open: the container finds them in /proc/self/fd.
    const id = await sleeper();
    const own = ['0', '1', '2'];
    const listed = await client.exec(id, ['sh', '-c', 'ls /proc/1/fd; echo; ls /proc/$$/fd; true']);
    const [first = '', second = ''] = listed.stdout.split('\n\n');
    expect(first.trim().split('\n')).to.deep.equal(own);
    // ash keeps its script's input at 10.
    expect(
      second
        .trim()
        .split('\n')
        .filter((fd) => fd !== '10'),
    ).to.deep.equal(own);
    await remove(id);
  });

  it('mounts upon /proc, by name or by a link of the image (CVE-2019-19921, CVE-2025-52881)', async () => {
    // With a /proc of its own making a process decides what the runtime's writes to /proc/self/attr and /proc/sys
    // reach, and the masks end up in its own directory. crun 1.21 by itself follows the links.
    await prepare(
      'fake',
      'mkdir -p self/attr sys/net/ipv4 net/ipv4 && echo mine > keys && ln -s /tmp/hit sys/net/ipv4/ip_forward',
    );
    for (const destination of ['/proc', '/proc/sys', '/tmp/../proc/']) {
      const answer = await client.call('POST', '/containers/create', {
        Image: 'busybox',
        HostConfig: { Binds: [`fake:${destination}`] },
      });
      expect(answer.status, destination).to.equal(400);
      expect(answer.text).to.match(/cannot be mounted because it is inside \/proc/);
    }
    for (const [destination, point] of [
      ['/to-proc', '/proc'],
      ['/to-sysctl', '/proc/sys'],
    ] as const) {
      const host = { Binds: [`fake:${destination}`], Sysctls: { 'net.ipv4.ip_forward': '1' } };
      const { start, stdout } = await run('cat /proc/keys /tmp/hit', host, { Image: 'astray' });
      expect(start.status, destination).to.equal(400);
      expect(start.text).to.include(`\\"${point}\\" cannot be mounted because it is inside /proc`);
      expect(stdout).to.equal('');
    }
    // The link may be in another volume, where nobody can see it before everything is mounted.
    await prepare('links', 'ln -s /proc/sys x');
    const nested = await run('true', { Binds: ['links:/a', 'fake:/a/x'] });
    expect(nested.start.text).to.match(/"\/proc\/sys\\" cannot be mounted because it is inside \/proc/);
    expect(
      await sandbox.run(
        'sh',
        '-c',
        `ls /sys/fs/cgroup/${sandbox.cgroup} | grep -c '[0-9a-f]\\{64\\}' || true`,
      ),
    ).to.equal('0\n');
  });

  it("an image's /proc, /sys, /dev or /etc that is a link to the machine's (CVE-2019-16884)", async () => {
    // A naive runtime mounts, and a naive engine writes its /etc/hosts, by path: through the link, in the machine.
    for (const name of ['proc', 'sys', 'dev', 'etc']) {
      const { code, start } = await run('true', {}, { Image: `linked-${name}` });
      expect(start.status, name).to.equal(400);
      expect(code).to.equal(128);
      const left = await sandbox.run(
        'sh',
        '-c',
        `ls ${data}/machine-${name}; grep machine- /proc/self/mountinfo || true`,
      );
      expect(left, name).to.equal('');
    }
  });

  it('a /dev/null that is a link, when the masks are made (CVE-2025-31133)', async () => {
    // A naive runtime masks a file by binding the container's own /dev/null over it: as a link that binds any file of
    // the machine, writable, in the place of what was to be hidden.
    await prepare('devnull', 'mkdir pts shm mqueue && ln -s /proc/sys/kernel/core_pattern null');
    const before = await sandbox.run('cat', '/proc/sys/kernel/core_pattern');
    const { start, stdout } = await run('cat /proc/keys; echo "|/evil" > /proc/keys', {
      Binds: ['devnull:/dev'],
    });
    if (start.status === 204) expect(stdout).not.to.include(before.trim());
    expect(await sandbox.run('cat', '/proc/sys/kernel/core_pattern')).to.equal(before);
  });

  it('a /dev/console or /dev/ptmx that is a link, when the terminal is made (CVE-2025-52565)', async () => {
    // A naive runtime binds /dev/pts/N onto /dev/console, or opens /dev/ptmx, by path and follows a link.
    await prepare(
      'devcon',
      'mkdir pts shm mqueue && ln -s /proc/sys/kernel/core_pattern console && ln -s /proc/sysrq-trigger ptmx',
    );
    const before = await sandbox.run('cat', '/proc/sys/kernel/core_pattern');
    const id = await client.create({
      Cmd: ['sh', '-c', 'echo "|/evil" > /dev/console; sleep 1000'],
      Tty: true,
      HostConfig: { NetworkMode: 'none', Binds: ['devcon:/dev'] },
    });
    await client.call('POST', `/containers/${id}/start`);
    await remove(id);
    expect(await sandbox.run('cat', '/proc/sys/kernel/core_pattern')).to.equal(before);
  });

  it('groups that a process was not meant to be out of (CVE-2022-36109, CVE-2023-25173)', async () => {
    // A naive engine leaves the primary group out of the supplementary ones. `newgrp`, or a set-group-id program,
    // then sheds it, and with it what "group: no access" on a file was to prevent.
    const groups = async (config: object, host: object = {}): Promise<string | undefined> =>
      /Groups:\s*(.*?)\s*\n/.exec((await run('cat /proc/self/status', host, config)).stdout)?.[1];
    expect(await groups({ User: 'worker' })).to.equal('10 1000');
    expect(await groups({ User: '1234:5678' })).to.equal('5678');
    expect(await groups({ User: '' })).to.equal('0');
    expect(await groups({ User: 'worker' }, { GroupAdd: ['77'] })).to.equal('10 77 1000');
    const id = await sleeper();
    const { stdout } = await client.exec(id, ['grep', 'Groups', '/proc/self/status'], undefined, {
      User: '1234:5678',
    });
    expect(stdout.trim()).to.equal('Groups:\t5678');
    await remove(id);
  });

  it('user ids past 32 bits that come out as root (CVE-2024-40635)', async () => {
    // A naive engine parses them into 64 bits and hands them on in 32: 4294967296 is 0.
    for (const User of [
      '4294967296',
      '4294967296:1',
      '1:4294967296',
      '2147483648',
      '-1',
      '18446744073709551616',
    ]) {
      const { start, stdout } = await run('id -u', {}, { User });
      expect(start.status, User).to.equal(400);
      expect(start.text).to.match(/uids and gids must be in range 0-2147483647/);
      expect(stdout).to.equal('');
    }
    // The same in the container's own files, which any process in it may have written.
    const id = await sleeper();
    await client.exec(id, ['sh', '-c', 'echo evil:x:4294967296:4294967296::/:/bin/sh >> /etc/passwd']);
    const evil = await client.call('POST', `/containers/${id}/exec`, { Cmd: ['id'], User: 'evil' });
    const { text } = await client.call('POST', `/exec/${String(evil.json['Id'])}/start`, { Detach: true });
    expect(text).to.match(/unable to find user evil/);
    await remove(id);
  });

  it('capabilities that are inherited by what other users run (CVE-2022-24769)', async () => {
    // A naive engine puts them into the inheritable set: a file with inheritable ones gives them to anybody.
    const id = await sleeper();
    const status = ['grep', '-E', 'Cap(Inh|Amb)', '/proc/self/status'];
    for (const User of ['', 'worker']) {
      const { stdout } = await client.exec(id, status, undefined, { User });
      expect(stdout).to.equal(`CapInh:\t${'0'.repeat(16)}\nCapAmb:\t${'0'.repeat(16)}\n`);
    }
    await remove(id);
  });

  it('new namespaces, in which capabilities are whole again (CVE-2022-0185, CVE-2022-0492)', async () => {
    // Without a filter a process makes a user namespace, is root there, and mounts cgroupfs or reaches the kernel's
    // code for mounts.
    for (const flags of ['-U', '-Ur', '-m', '-n', '-p']) {
      const { stdout } = await run(
        `unshare ${flags} true && echo made`,
        {},
        { User: flags.startsWith('-U') ? 'worker' : '' },
      );
      expect(stdout, flags).to.match(/Operation not permitted/);
      expect(stdout).not.to.include('made');
    }
    const { stdout } = await run(
      'mkdir /m; mount -t cgroup2 x /m && echo mounted; mount -t proc x /m && echo mounted; mount -o remount,rw /proc/sys && echo mounted; umount /proc/keys && echo mounted; wc -c < /proc/keys',
    );
    expect(stdout).not.to.include('mounted');
    expect(stdout.trim()).to.match(/\n0$/);
  });

  it("sockets of the machine's programs in the abstract namespace (CVE-2020-15257)", async () => {
    // Abstract sockets have no permissions: whoever shares the network namespace, as with --network host, connects.
    // containerd's shims listened on some. conmon's and the engine's are files.
    const id = await sleeper();
    const { stdout } = await run('sed -n "s/.* @/@/p" /proc/net/unix; echo done', { NetworkMode: 'host' });
    expect(stdout).to.equal('done\n');
    await remove(id);
  });
});
