import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { getXattr } from '../../../../src/engine/sys/files.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

interface VolumeJson {
  readonly Name: string;
  readonly Mountpoint: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/** Real containers and docker's own CLI. Linux, as root. */
describe('volumes', () => {
  let sandbox: Sandbox;
  let client: Client;
  let docker: (...words: string[]) => Promise<string>;

  before(async () => {
    ({ sandbox, client } = await engineInSandbox());
    const tools = await debianTools(['docker-cli']);
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${sandbox.socketPath}`,
      DOCKER_CONFIG: tools.dockerConfigDir,
    };
    const run = promisify(execFile);
    docker = async (...words) => (await run(join(tools.binDir, 'docker'), words, { env })).stdout;
  });
  after(async () => {
    await sandbox?.close();
  });

  const list = async (filters: object = {}): Promise<VolumeJson[]> => {
    const { json } = await client.call(
      'GET',
      `/volumes?filters=${encodeURIComponent(JSON.stringify(filters))}`,
    );
    return json['Volumes'] as VolumeJson[];
  };
  const names = async (filters: object = {}): Promise<string[]> =>
    (await list(filters)).map(({ Name }) => Name);
  const sh = (script: string, host: object, config: object = {}) =>
    client.run(['sh', '-c', script], { host, config });
  const drop = async (...volumes: string[]): Promise<void> => {
    for (const name of volumes)
      expect((await client.call('DELETE', `/volumes/${name}`)).status).to.equal(204);
  };

  it("are made, listed, inspected and removed by docker's CLI, in its words", async () => {
    expect(await docker('volume', 'create', '--label', 'a=b', 'v1')).to.equal('v1\n');
    expect(await docker('volume', 'create', 'v1')).to.equal('v1\n');
    expect(await docker('volume', 'ls')).to.equal('DRIVER    VOLUME NAME\nlocal     v1\n');
    expect(await docker('volume', 'ls', '-q', '--filter', 'label=a=c')).to.equal('');
    const [shown] = JSON.parse(await docker('volume', 'inspect', 'v1')) as [Record<string, unknown>];
    expect(shown).to.include({ Name: 'v1', Driver: 'local', Scope: 'local', Options: null });
    expect(shown['Labels']).to.deep.equal({ a: 'b' });
    expect(shown['Mountpoint']).to.match(/\/volumes\/v1\/_data$/);
    expect(shown['CreatedAt']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await docker('volume', 'rm', 'v1')).to.equal('v1\n');
    const gone = await client.call('DELETE', '/volumes/v1');
    expect([gone.status, gone.json['message']]).to.deep.equal([404, 'get v1: no such volume']);
    expect((await client.call('DELETE', '/volumes/v1?force=1')).status).to.equal(204);
  });

  it('have names that Docker takes, and no options that are not built', async () => {
    for (const name of ['x', '../x', '.x', 'a/b', '-a', 'a b', 'a'.repeat(300)]) {
      const answer = await client.call('POST', '/volumes/create', { Name: name });
      expect(answer.status, name).to.equal(400);
    }
    const options = { Name: 'opt', DriverOpts: { type: 'nfs' } };
    expect((await client.call('POST', '/volumes/create', options)).status).to.equal(501);
    const driver = await client.call('POST', '/volumes/create', { Name: 'opt', Driver: 'nfs' });
    expect([driver.status, driver.json['message']]).to.deep.equal([
      404,
      'create opt: error looking up volume plugin nfs: plugin "nfs" not found',
    ]);
    expect(await names()).to.deep.equal([]);
  });

  it('outlive their container, are shared, and can be read-only', async () => {
    expect((await sh('echo kept > /data/file', { Binds: ['keep:/data'] })).code).to.equal(0);
    expect((await sh('cat /other/file', { Binds: ['keep:/other:ro'] })).stdout).to.equal('kept\n');
    const refused = await sh('echo x > /data/file', { Binds: ['keep:/data:ro'] });
    expect(refused.code).not.to.equal(0);
    expect(refused.stderr).to.match(/Read-only file system/);
    const mount = { Type: 'volume', Source: 'keep', Target: '/m', ReadOnly: true };
    expect((await sh('cat /m/file; echo x > /m/y || echo no', { Mounts: [mount] })).stdout).to.equal(
      'kept\nno\n',
    );
    await drop('keep');
  });

  it('take over what the image has at their place, as it is', async () => {
    const script =
      'cd /seed; stat -c "%n %a %u:%g %h %Y" file | cut -c1-99; stat -c "%n %a %u:%g %F" . setuid sub sub/deep out fifo null; cat file sub/deep/again; stat -c %i file sub/deep/again; ls sub; rm file';
    const { stdout, stderr } = await client.run(['sh', '-c', script.replace(' | cut -c1-99', '')], {
      config: { Image: 'seeded' },
      host: { Binds: ['seed:/seed'] },
    });
    expect(stderr).to.equal('');
    const lines = stdout.split('\n');
    const [inode, same] = lines.splice(10, 2);
    expect(inode).to.equal(same);
    expect(lines.slice(0, 10)).to.deep.equal([
      'file 640 1000:1001 2 1000000000',
      '. 1770 1000:1001 directory',
      'setuid 4755 1000:1001 regular file',
      'sub 2750 1000:1001 directory',
      'sub/deep 755 1000:1001 directory',
      'out 777 1000:1001 symbolic link',
      'fifo 600 1000:1001 fifo',
      'null 666 1000:1001 character special file',
      'content',
      'content',
    ]);
    const [volume] = await list({ name: ['seed'] });
    const own = volume?.Mountpoint ?? '';
    expect(String(getXattr(`${own}/sub/deep/again`, 'user.note'))).to.equal('kept');
    const bytes = Buffer.concat([Buffer.from(`${own}/sub/`), Buffer.from([0xff, 0xfe])]);
    expect(await readFile(bytes, 'utf8')).to.equal('bytes');
    // The first container removed a file; the volume isn't empty, so it doesn't come back.
    const again = await client.run(['ls', '/seed'], {
      config: { Image: 'seeded' },
      host: { Binds: ['seed:/seed'] },
    });
    expect(again.stdout.split('\n')).not.to.include('file');
    const without = await client.run(['ls', '/seed'], {
      config: { Image: 'seeded' },
      host: { Binds: ['bare:/seed:nocopy'] },
    });
    expect(without.stdout).to.equal('');
    await drop('seed', 'bare');
  });

  it('are filled without following a link out of the image', async () => {
    const { stdout } = await sh('ls -A /astray', { Binds: ['astray:/astray'] });
    // The image's own /etc, not that of the machine: passwd and group, nothing else.
    expect(stdout.split('\n').filter(Boolean)).to.include.members(['group', 'passwd']);
    expect(stdout).not.to.match(/shadow|fstab/);
    await drop('astray');
  });

  it('without a name go with a container that is removed with them, and stay otherwise', async () => {
    const config = { Image: 'seeded', Volumes: { '/mine': {} } };
    const seen = await client.run(['sh', '-c', 'ls /seed | wc -l; grep -c " /mine " /proc/mounts'], {
      config,
    });
    expect(seen.stdout.split('\n').map((line) => line.trim())).to.deep.equal(['6', '1', '']);
    expect(await names()).to.deep.equal([]);

    const create = () => client.create({ ...config, Cmd: ['true'], HostConfig: { NetworkMode: 'none' } });
    const kept = await create();
    const anonymous = await names();
    expect(anonymous).to.have.length(2);
    for (const name of anonymous) expect(name).to.match(/^[0-9a-f]{64}$/);
    expect((await list())[0]?.Labels).to.deep.equal({ 'com.docker.volume.anonymous': '' });
    await client.call('DELETE', `/containers/${kept}`);
    expect(await names({ dangling: ['true'] })).to.deep.equal(anonymous);
    const other = await create();
    await client.call('DELETE', `/containers/${other}?v=1`);
    expect(await names()).to.deep.equal(anonymous);

    await docker('volume', 'create', 'named');
    const pruned = (await client.call('POST', '/volumes/prune')).json;
    expect(pruned['VolumesDeleted']).to.deep.equal(anonymous);
    expect(pruned['SpaceReclaimed']).to.be.greaterThan(8);
    expect(await docker('volume', 'prune', '-af')).to.match(
      /^Deleted Volumes:\nnamed\n\nTotal reclaimed space: 0B\n$/,
    );
  });

  it('in use are not removed, and the container is named', async () => {
    const id = await client.create({
      Cmd: ['true'],
      HostConfig: { Binds: ['used:/x'], NetworkMode: 'none' },
    });
    const answer = await client.call('DELETE', '/volumes/used');
    expect([answer.status, answer.json['message']]).to.deep.equal([
      409,
      `remove used: volume is in use - [${id}]`,
    ]);
    expect(await names({ dangling: ['true'] })).to.deep.equal([]);
    expect(await names({ dangling: ['false'] })).to.deep.equal(['used']);
    const listed = await client.call('GET', '/containers/json?all=1&filters={"volume":["used"]}');
    expect((listed.json as unknown as { Id: string }[]).map(({ Id }) => Id)).to.deep.equal([id]);
    await sandbox.killEngine();
    await sandbox.startEngine();
    expect((await client.call('DELETE', '/volumes/used')).status).to.equal(409);
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    await client.call('DELETE', `/containers/${id}?force=1&v=1`);
    expect(await names()).to.deep.equal(['used']);
    await drop('used');
  });

  it("are in inspect, list and events as Docker's are", async () => {
    const mounts = [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o1770 } }];
    const { stdout } = await sh('grep " /t " /proc/mounts', { Mounts: mounts });
    expect(stdout).to.match(/^tmpfs \/t tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k,mode=1770/);
    const id = await client.create({
      Cmd: ['true'],
      HostConfig: { Binds: ['told:/b:ro'], Mounts: mounts, NetworkMode: 'none' },
    });
    const waiting = await client.waitFor(id, 'next-exit');
    await client.call('POST', `/containers/${id}/start`);
    await waiting.end;
    const { json } = await client.call('GET', `/containers/${id}/json`);
    const [volume] = await list();
    expect(json['Mounts']).to.deep.equal([
      {
        Type: 'volume',
        Name: 'told',
        Source: volume?.Mountpoint,
        Destination: '/b',
        Driver: 'local',
        Mode: 'ro',
        RW: false,
        Propagation: '',
      },
      { Type: 'tmpfs', Source: '', Destination: '/t', Mode: '', RW: true, Propagation: '' },
    ]);
    const host = json['HostConfig'] as { Binds: string[]; Mounts: object[] };
    expect(host.Binds).to.deep.equal(['told:/b:ro']);
    expect(host.Mounts).to.deep.equal(mounts);
    expect(await docker('ps', '-a', '--format', '{{.Mounts}}')).to.equal('told,\n');
    await client.call('DELETE', `/containers/${id}`);
    await drop('told');
    const past = (await client.call('GET', '/test/events')).json as unknown as {
      Type: string;
      Action: string;
      Actor: { ID: string; Attributes: object };
    }[];
    const told = past.filter(({ Actor }) => Actor.ID === 'told');
    expect(told.map(({ Type, Action }) => `${Type} ${Action}`)).to.deep.equal([
      'volume create',
      'volume mount',
      'volume unmount',
      'volume destroy',
    ]);
    expect(told[1]?.Actor.Attributes).to.deep.equal({
      container: id,
      destination: '/b',
      driver: 'local',
      propagation: '',
      'read/write': 'false',
    });
  });

  it("give another container's, at most as writable as they are there", async () => {
    const id = await client.create(
      { Cmd: ['true'], HostConfig: { Binds: ['from:/x', 'fixed:/y:ro'], NetworkMode: 'none' } },
      '?name=source',
    );
    const script = 'echo a > /x/a && echo wrote; echo a > /y/a || echo no';
    expect((await sh(script, { VolumesFrom: ['source'] })).stdout).to.equal('wrote\nno\n');
    expect((await sh(script, { VolumesFrom: ['source:ro'] })).stdout).to.equal('no\n');
    await client.call('DELETE', `/containers/${id}`);
    await drop('from', 'fixed');
  });

  it("bind the engine's own socket, and nothing else of the machine", async () => {
    const id = await client.create({
      Cmd: ['sleep', '100'],
      HostConfig: {
        Binds: ['/var/run/docker.sock:/var/run/docker.sock:ro,rslave'],
        NetworkMode: 'none',
      },
    });
    await client.call('POST', `/containers/${id}/start`);
    const { json } = await client.call('GET', `/containers/${id}/json`);
    const inside = `/proc/${(json['State'] as { Pid: number }).Pid}/root/var/run/docker.sock`;
    const [seen, own] = (await sandbox.run('stat', '-c', '%i %F', inside, sandbox.socketPath))
      .trim()
      .split('\n');
    expect(seen).to.equal(own);
    expect(json['Mounts']).to.deep.equal([
      {
        Type: 'bind',
        Source: '/var/run/docker.sock',
        Destination: '/var/run/docker.sock',
        RW: false,
        Mode: 'ro,rslave',
        Propagation: 'rslave',
      },
    ]);
    await client.call('DELETE', `/containers/${id}?force=1`);
    for (const source of ['/var/run', '/etc', '/', '/var/run/docker.sock/..', '/var/lib/wherry']) {
      const refused = await client.call('POST', '/containers/create', {
        Image: 'busybox',
        HostConfig: { Binds: ['made-before:/v', `${source}:/x`] },
      });
      expect(refused.status, source).to.equal(400);
    }
    expect(await names()).to.deep.equal([]);
  });

  it('leave nothing behind when a container cannot be made', async () => {
    const cases: [object, number, RegExp][] = [
      [{ Binds: ['vol:/a', 'wol:/a'] }, 400, /^Duplicate mount point: \/a$/],
      [{ Binds: ['vol:relative'] }, 400, /invalid mount path: 'relative' mount path must be absolute$/],
      [{ Binds: ['vol:/'] }, 400, /destination can't be '\/'$/],
      [{ Binds: ['vol:/a/../proc/self'] }, 400, /cannot be mounted because it is inside \/proc$/],
      [{ Binds: ['vol:/a:maybe'] }, 400, /^invalid mode: maybe$/],
      [{ Binds: ['vol:/a:ro,rw'] }, 400, /^invalid mode: ro,rw$/],
      [
        { Binds: ['vol:/a:rshared'] },
        400,
        /: invalid mount config for type "volume": field BindOptions must not be specified$/,
      ],
      [
        { Binds: ['/var/run/docker.sock:/a:nocopy'] },
        400,
        /type "bind": field VolumeOptions must not be specified$/,
      ],
      [{ Binds: ['/anonymous:ro'] }, 400, /^invalid volume specification: '\/anonymous:ro'$/],
      [
        { Mounts: [{ Type: 'odd', Target: '/a' }] },
        400,
        /^invalid mount config for type "odd": mount type unknown$/,
      ],
      [
        { Mounts: [{ Type: 'tmpfs', Source: 'x', Target: '/a' }] },
        400,
        /field Source must not be specified$/,
      ],
      [
        { Mounts: [{ Type: 'volume', Target: '/a', BindOptions: { Propagation: 'shared' } }] },
        400,
        /^invalid mount config for type "volume": field BindOptions must not be specified$/,
      ],
      [
        {
          Mounts: [
            {
              Type: 'bind',
              Source: '/var/run/docker.sock',
              Target: '/a',
              BindOptions: { Propagation: 'odd' },
            },
          ],
        },
        400,
        /^invalid mount config for type "bind": invalid propagation mode: odd$/,
      ],
      [
        { Mounts: [{ Type: 'volume', Target: '/a', ReadOnly: true }] },
        400,
        /ReadOnly mode when using anonymous volumes$/,
      ],
      [{ Tmpfs: { '/a': 'size=1m,what' } }, 400, /^invalid tmpfs option "what"$/],
      [{ Binds: ['vol:/a:ro:x'] }, 400, /^invalid volume specification: 'vol:\/a:ro:x'$/],
      [
        { Mounts: [{ Type: 'volume', Source: 'v', Target: '/a', VolumeOptions: { Subpath: 'x' } }] },
        501,
        /Subpath/,
      ],
      [{ Mounts: [{ Type: 'image', Source: 'v', Target: '/a' }] }, 501, /type image/],
      [{ VolumesFrom: ['nobody'] }, 404, /No such container: nobody/],
      [
        {
          Mounts: [
            { Type: 'volume', Target: '/a' },
            { Type: 'volume', Source: '++', Target: '/b' },
          ],
        },
        400,
        /invalid characters/,
      ],
    ];
    for (const [host, status, message] of cases) {
      const answer = await client.call('POST', '/containers/create', { Image: 'busybox', HostConfig: host });
      expect(answer.json['message'], JSON.stringify(host)).to.match(message);
      expect(answer.status, JSON.stringify(host)).to.equal(status);
    }
    expect(await names()).to.deep.equal([]);
    expect((await client.call('GET', '/containers/json?all=1')).text).to.equal('[]\n');
  });
});
