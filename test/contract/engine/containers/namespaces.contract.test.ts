import { expect } from 'chai';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** Namespaces, seen from inside and from outside; the real conmon and crun. Linux, as root. */
describe('namespaces of containers', () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  const KINDS = ['pid', 'ipc', 'uts', 'cgroup', 'mnt', 'net'] as const;
  type Namespaces = Record<(typeof KINDS)[number], string>;
  const links = (root: string): string[] => KINDS.map((kind) => `${root}/ns/${kind}`);
  const parse = (text: string): Namespaces =>
    Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((line, at) => [KINDS[at], line]),
    ) as Namespaces;
  const started: string[] = [];

  /** A container that runs until it is told to stop. */
  const start = async (host: object = {}, config: object = {}, name = ''): Promise<string> => {
    const query = name === '' ? '' : `?name=${name}`;
    const body = { Cmd: ['sleep', '1000'], ...config, HostConfig: { NetworkMode: 'none', ...host } };
    const id = await client.create(body, query);
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
  /** As the container's process has them, by its pid in the VM. */
  const outside = async (id: string): Promise<Namespaces> =>
    parse(await sandbox.run('readlink', ...links(`/proc/${await pidOf(id)}`)));
  const inside = async (id: string): Promise<Namespaces> =>
    parse(
      (await client.exec(id, ['sh', '-c', `for l in ${links('/proc/self').join(' ')}; do readlink $l; done`]))
        .stdout,
    );
  /** The engine's. */
  const machine = async (): Promise<Namespaces> => parse(await sandbox.run('readlink', ...links('/proc/1')));

  it('are their own, all of them, and the same from both sides', async () => {
    const [id, other] = [await start(), await start()];
    const [own, neighbour, vm] = [await outside(id), await outside(other), await machine()];
    expect(await inside(id)).to.deep.equal(own);
    for (const kind of KINDS) {
      expect(new Set([own[kind], neighbour[kind], vm[kind]]).size, kind).to.equal(3);
    }
  });

  it("are the machine's where that is asked for", async () => {
    const id = await start({ PidMode: 'host', IpcMode: 'host', UTSMode: 'host', CgroupnsMode: 'host' });
    const [own, vm] = [await outside(id), await machine()];
    for (const kind of ['pid', 'ipc', 'uts', 'cgroup'] as const) expect(own[kind], kind).to.equal(vm[kind]);
    expect(own.mnt).not.to.equal(vm.mnt);
    const script = `hostname; echo $$; grep 0:: /proc/self/cgroup; echo here > /dev/shm/of-${id}`;
    const { stdout } = await client.exec(id, ['sh', '-c', script]);
    const [hostname, pid, cgroup] = stdout.split('\n');
    expect(hostname).to.equal((await sandbox.run('hostname')).trim());
    expect(Number(pid)).to.be.greaterThan(2);
    expect(cgroup).to.match(new RegExp(`/${sandbox.cgroup}/${id}$`));
    expect(await sandbox.run('cat', `/dev/shm/of-${id}`)).to.equal('here\n');
    await sandbox.run('rm', `/dev/shm/of-${id}`);
  });

  it("are another container's, and end with its pid namespace", async () => {
    const donor = await start({ IpcMode: 'shareable', ShmSize: 1024 * 1024 }, {}, 'donor');
    const joiner = await start({ PidMode: 'container:donor', IpcMode: 'container:donor' });
    const third = await start({ IpcMode: `container:${joiner}` });
    const [theirs, own] = [await outside(donor), await outside(joiner)];
    expect([own.pid, own.ipc]).to.deep.equal([theirs.pid, theirs.ipc]);
    expect((await outside(third)).ipc).to.equal(theirs.ipc);
    expect(own.uts).not.to.equal(theirs.uts);
    await client.exec(donor, ['sh', '-c', 'echo shared > /dev/shm/x']);
    const seen = await client.exec(third, ['sh', '-c', 'cat /dev/shm/x; df /dev/shm']);
    expect(seen.stdout).to.match(/^shared\n[^]*shm +1024 /);
    expect((await client.exec(joiner, ['ps'])).stdout.match(/sleep 1000/g)).to.have.length(2);
    const ended = await client.waitFor(joiner, 'not-running');
    await client.call('DELETE', `/containers/donor?force=1`);
    expect(await ended.end).to.equal(137);
    expect(
      (await client.exec(third, ['cat', '/dev/shm/x'])).stdout,
      'for as long as anybody uses it',
    ).to.equal('shared\n');
    expect(await sandbox.run('grep', '-c', '/run/shm/', '/proc/self/mountinfo').catch(() => 'none')).to.equal(
      'none',
    );
  });

  it("can't be of one that does not run, is not there, or does not share", async () => {
    const donor = await start({}, {}, 'closed');
    const cases: [object, string][] = [
      [
        { IpcMode: 'container:closed' },
        'failed to join IPC namespace: container closed: non-shareable IPC (hint: use IpcMode:shareable for the donor container)',
      ],
      [{ PidMode: 'container:nosuch' }, 'failed to join PID namespace: No such container: nosuch'],
      [{ IpcMode: 'container:nosuch' }, 'failed to join IPC namespace: No such container: nosuch'],
    ];
    await client.create({ Cmd: ['true'] }, '?name=ended');
    cases.push([
      { PidMode: 'container:ended' },
      'failed to join PID namespace: container ended is not running',
    ]);
    cases.push([
      { IpcMode: 'container:ended' },
      'failed to join IPC namespace: container ended is not running',
    ]);
    for (const [host, message] of cases) {
      const id = await client.create({ Cmd: ['true'], HostConfig: { NetworkMode: 'none', ...host } });
      const answer = await client.call('POST', `/containers/${id}/start`);
      expect(answer.status).to.equal(500);
      expect(answer.json['message']).to.equal(message);
      await client.call('DELETE', `/containers/${id}`);
    }
    expect(await pidOf(donor)).to.be.greaterThan(0);
    await client.call('DELETE', '/containers/ended');
  });

  it('have shared memory of the size that was asked for, or none', async () => {
    const run = async (host: object) =>
      (await client.run(['sh', '-c', 'df /dev/shm | grep shm; ls -d /dev/shm'], { host })).stdout;
    expect(await run({ ShmSize: 3 * 1024 * 1024 })).to.match(/^shm +3072 /);
    expect(await run({})).to.match(/^shm +65536 /);
    expect(await run({ IpcMode: 'shareable', ShmSize: 2 * 1024 * 1024 })).to.match(/^shm +2048 /);
    expect(await run({ IpcMode: 'none' })).to.equal('');
  });

  it('leave what a container started in the namespace of the machine to nobody', async () => {
    const script = 'sleep 1001 & sleep 1002 & echo $!; exit 3';
    const { code, stdout } = await client.run(['sh', '-c', script], { host: { PidMode: 'host' } });
    expect(code).to.equal(3);
    await sandbox.run('sh', '-c', `! kill -0 ${stdout.trim()}`);
  });
});
