import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { readTar } from '../../../../src/image-builder/tar/reader.ts';
import { directory, file, hardlink, symlink } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

const run = promisify(execFile);

/** cp, export and diff on real containers. Linux, as root. */
describe('files of containers', () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  const started = async (host: object = {}, config: object = {}): Promise<string> => {
    const body = { Cmd: ['sleep', '1000'], Image: 'seeded', ...config };
    const id = await client.create({ ...body, HostConfig: { NetworkMode: 'none', ...host } });
    const answer = await client.call('POST', `/containers/${id}/start`);
    expect(answer.status, answer.text).to.equal(204);
    return id;
  };
  const drop = async (id: string) => client.call('DELETE', `/containers/${id}?force=1&v=1`);
  const url = (id: string, path: string, more = '') =>
    `/containers/${id}/archive?path=${encodeURIComponent(path)}${more}`;
  const entriesOf = async (archive: Buffer): Promise<Map<string, TarEntry>> => {
    const found = new Map<string, TarEntry>();
    for await (const entry of readTar(Readable.from([archive]))) found.set(entry.path, entry);
    return found;
  };
  const out = async (id: string, path: string) => {
    const answer = await client.archive('GET', url(id, path));
    expect(answer.status, answer.message).to.equal(200);
    return await entriesOf(answer.body);
  };
  const put = async (id: string, path: string, entries: readonly TarEntry[], more = '') =>
    client.archive('PUT', url(id, path, more), layerTar(entries));
  const sh = async (id: string, script: string): Promise<string> => {
    const { code, stdout, stderr } = await client.exec(id, ['sh', '-c', script]);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const mounted = async (id: string): Promise<number> =>
    (await sandbox.run('grep', '-c', id, '/proc/self/mountinfo').catch(() => '0')).trim() === '0' ? 0 : 1;

  const ALL =
    'cd $0; for f in . setuid sub sub/deep out fifo null file sub/deep/again; do stat -c "%n %a %u:%g %h %Y %s %F" $f; done';

  for (const running of [true, false]) {
    it(`go out and in whole, ${running ? 'running' : 'stopped, and nothing stays mounted'}`, async () => {
      const id = await started();
      const before = await sh(id, ALL.replace('$0', '/seed'));
      if (!running) await client.call('POST', `/containers/${id}/stop?t=0`);
      const answer = await client.archive('GET', url(id, '/seed'));
      expect(answer.headers['content-type']).to.equal('application/x-tar');
      const entries = await entriesOf(answer.body);
      expect(entries.get('seed/file')).to.include({
        uid: 1000,
        gid: 1001,
        mode: 0o640,
        mtime: 1_000_000_000,
      });
      expect(entries.get('seed/file')?.xattrs.get('user.note')?.toString()).to.equal('kept');
      expect(entries.get('seed/sub/\u00ff\u00fe')?.content.toString()).to.equal('bytes');
      expect(entries.get('seed/sub/deep/again')).to.include({ type: 'hardlink', link: 'seed/file' });
      expect(entries.get('seed/out')).to.include({ type: 'symlink', link: '/etc/passwd' });
      expect(entries.get('seed/null')).to.include({ type: 'char', devMajor: 1, devMinor: 3 });
      expect(entries.get('seed/fifo')?.type).to.equal('fifo');
      const back = await client.archive('PUT', url(id, '/tmp'), answer.body);
      expect(back.status, back.message).to.equal(200);
      if (!running) {
        expect(await mounted(id)).to.equal(0);
        expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
      }
      expect(await sh(id, ALL.replace('$0', '/tmp/seed'))).to.equal(before);
      expect((await out(id, '/tmp/seed')).get('seed/file')?.xattrs.get('user.note')?.toString()).to.equal(
        'kept',
      );
      expect((await out(id, '/tmp/seed/sub')).has('sub/\u00ff\u00fe')).to.equal(true);
      // GNU tar reads it too.
      const listed = run('tar', ['-tvf', '-']);
      listed.child.stdin?.end(answer.body);
      expect((await listed).stdout).to.match(/^drwxrwx--T 1000\/1001 .* seed\/$/m);
      await drop(id);
    });
  }

  it('are told of as Docker tells', async () => {
    const id = await started();
    await sh(
      id,
      'ln -s /etc/../seed/sub /tmp/a; ln -s a/deep /tmp/b; ln -s ../nowhere/x /tmp/c; mkdir /tmp/d; chmod 1777 /tmp/d',
    );
    const stat = async (path: string) => {
      const { status, headers } = await client.archive('HEAD', url(id, path));
      const text = String(headers['x-docker-container-path-stat'] ?? '');
      return status === 200 ? (JSON.parse(Buffer.from(text, 'base64').toString()) as object) : status;
    };
    expect(await stat('/seed/file')).to.deep.equal({
      name: 'file',
      size: 8,
      mode: 0o640,
      mtime: '2001-09-09T01:46:40Z',
      linkTarget: '',
    });
    expect(await stat('seed/setuid')).to.include({ name: 'setuid', mode: 2 ** 23 + 0o755 });
    expect(await stat('/tmp/d/')).to.include({ name: 'd', mode: 2 ** 31 + 2 ** 20 + 0o777 });
    expect(await stat('/tmp/a')).to.include({ name: 'a', mode: 2 ** 27 + 0o777, linkTarget: '/seed/sub' });
    expect(await stat('/tmp/b')).to.include({ linkTarget: '/seed/sub/deep' });
    expect(await stat('/tmp/c')).to.include({ linkTarget: '/nowhere/x' });
    expect(await stat('/tmp/a/')).to.include({ name: 'a', linkTarget: '' });
    expect(await stat('/')).to.include({ name: '/' });
    expect(await stat('/../..')).to.include({ name: '/' });
    expect(await stat('/seed/null')).to.include({ mode: 2 ** 26 + 2 ** 21 + 0o666 });
    expect(await stat('/none')).to.equal(404);
    await drop(id);
  });

  it('have the names in archives that Docker gives them', async () => {
    const id = await started();
    await sh(id, 'mkdir /tmp/x; echo 1 > /tmp/x/y; ln -s x /tmp/l');
    const names = async (path: string) => [...(await out(id, path)).keys()];
    expect(await names('/tmp/x')).to.deep.equal(['x', 'x/y']);
    expect(await names('tmp/x/')).to.deep.equal(['x', 'x/y']);
    expect(await names('/tmp/x/.')).to.deep.equal(['', 'y']);
    expect(await names('/tmp/../tmp/x/y')).to.deep.equal(['y']);
    expect(await names('/tmp/l')).to.deep.equal(['l']);
    expect(await names('/tmp/l/')).to.deep.equal(['l', 'l/y']);
    expect(await names('/')).to.include.members(['', 'bin', 'tmp/x/y']);
    await drop(id);
  });

  it("are refused in Docker's words", async () => {
    const id = await started();
    const ask = async (method: string, path: string, body?: Buffer) => {
      const { status, message } = await client.archive(method, path, body);
      return `${status} ${message}`;
    };
    expect(await ask('GET', url('nobody', '/x'))).to.equal('404 No such container: nobody');
    expect(await ask('GET', url(id, '/none/x'))).to.equal(
      `404 Could not find the file /none/x in container ${id}`,
    );
    expect(await ask('GET', `/containers/${id}/archive`)).to.equal('400 bad parameter: path cannot be empty');
    expect(await ask('GET', url(id, '/seed/file/'))).to.equal('500 /seed/file/: not a directory');
    const tar = layerTar([file('x', 'x')]);
    expect(await ask('PUT', url(id, '/none'), tar)).to.equal(
      `404 Could not find the file /none in container ${id}`,
    );
    expect(await ask('PUT', url(id, '/seed/file'), tar)).to.equal('400 extraction point is not a directory');
    expect(await ask('PUT', url(id, '/tmp'), Buffer.alloc(3000, 'x'))).to.match(
      /^400 The tar archive cannot/,
    );
    expect(await ask('PUT', url(id, '/tmp'), tar.subarray(0, 700))).to.match(/^400 .* ends too early$/);
    expect(await ask('PUT', url(id, '/tmp'), Buffer.alloc(0))).to.equal('200 ');
    expect((await put(id, '/tmp', [file('hosts', 'x')])).status).to.equal(200);
    for (const [path, entry] of [
      ['/etc', file('hosts', 'x')],
      ['/', file('etc', 'x')],
    ] as const) {
      expect((await put(id, path, [entry])).message).to.match(
        /^unlinkat host(?:s|name): device or resource busy$/,
      );
    }
    expect(await sh(id, 'grep -c " /etc/hosts " /proc/mounts; cat /etc/hosts')).to.match(/^1\n[^]*localhost/);
    await drop(id);
  });

  it('keep directories and files apart where asked, and merge directories', async () => {
    const id = await started();
    const strict = '&noOverwriteDirNonDir=1';
    await put(id, '/tmp', [directory('d'), file('d/a', 'old'), file('f', 'old'), symlink('l', '/etc')]);
    expect((await put(id, '/tmp', [file('d', 'x')], strict)).message).to.equal(
      'cannot overwrite directory "/tmp/d" with non-directory "/tmp"',
    );
    expect((await put(id, '/tmp', [directory('f')], strict)).message).to.equal(
      'cannot overwrite non-directory "/tmp/f" with directory "/tmp"',
    );
    expect((await put(id, '/tmp', [directory('l')], strict)).status).to.equal(500);
    expect(
      (await put(id, '/tmp', [directory('d', { mode: 0o700 }), file('d/b', 'new')], strict)).status,
    ).to.equal(200);
    expect(await sh(id, 'cat /tmp/d/a /tmp/d/b; stat -c %a /tmp/d')).to.equal('oldnew700\n');
    expect((await put(id, '/tmp', [file('d', 'now a file'), directory('f')])).status).to.equal(200);
    expect(await sh(id, 'cat /tmp/d; stat -c %F /tmp/f')).to.equal('now a filedirectory\n');
    // What an archive doesn't name is made, root's; what lies behind a link is reached inside the container.
    expect(
      (await put(id, '/tmp', [file('new/deep/x', 'x', { uid: 5 }), file('l/from-tar', 'y')])).status,
    ).to.equal(200);
    expect(await sh(id, 'stat -c "%a %u" /tmp/new/deep /tmp/new/deep/x; cat /etc/from-tar')).to.equal(
      '755 0\n644 5\ny',
    );
    await drop(id);
  });

  it("become the container's user's with copyUIDGID, if it has one", async () => {
    const id = await started({}, { User: 'worker' });
    await put(id, '/tmp', [file('a', 'x', { uid: 7, gid: 8 })], '&copyUIDGID=1');
    await put(id, '/tmp', [file('b', 'x', { uid: 7, gid: 8 })]);
    expect(await sh(id, 'stat -c %u:%g /tmp/a /tmp/b')).to.equal('1000:1000\n7:8\n');
    await drop(id);
    const root = await started();
    await put(root, '/tmp', [file('a', 'x', { uid: 7, gid: 8 })], '&copyUIDGID=1');
    expect(await sh(root, 'stat -c %u:%g /tmp/a')).to.equal('7:8\n');
    await drop(root);
  });

  for (const running of [true, false]) {
    it(`reach into volumes, ${running ? 'running' : 'stopped'}, and not where it is read-only`, async () => {
      const host = { Binds: ['cp-rw:/v/rw', 'cp-ro:/v/ro:ro'], ReadonlyRootfs: true };
      const id = running
        ? await started(host)
        : await client.create({
            Cmd: ['true'],
            Image: 'seeded',
            HostConfig: { NetworkMode: 'none', ...host },
          });
      const into = async (path: string) => {
        const { status, message } = await put(id, path, [file('x', 'in the volume')]);
        return `${status} ${message}`;
      };
      expect(await into('/v/rw')).to.equal('200 ');
      expect(await into('/v/ro')).to.equal('400 mounted volume is marked read-only');
      expect(await into('/tmp')).to.equal('400 container rootfs is marked read-only');
      expect((await out(id, '/v')).get('v/rw/x')?.content.toString()).to.equal('in the volume');
      const seen = await client.run(['cat', '/m/x'], { host: { Binds: ['cp-rw:/m'] } });
      expect(seen.stdout).to.equal('in the volume');
      // An export is of the container alone.
      const exported = await client.archive('GET', `/containers/${id}/export`);
      const names = [...(await entriesOf(exported.body)).keys()];
      expect(names).to.include.members(['seed/file', 'v/rw', 'bin/busybox']).and.not.include('v/rw/x');
      await drop(id);
      for (const volume of ['cp-rw', 'cp-ro']) await client.call('DELETE', `/volumes/${volume}`);
    });
  }

  it("show the engine's own files where the container has them", async () => {
    const id = await started();
    expect((await out(id, '/etc/hosts')).get('hosts')?.content.toString()).to.match(/localhost/);
    await drop(id);
  });

  it('take archives that are compressed', async () => {
    const id = await started();
    const { gzipSync, zstdCompressSync } = await import('node:zlib');
    const tar = layerTar([file('z', 'unpacked')]);
    for (const packed of [gzipSync(tar), zstdCompressSync(tar)]) {
      expect((await client.archive('PUT', url(id, '/tmp'), packed)).status).to.equal(200);
      expect(await sh(id, 'cat /tmp/z; rm /tmp/z')).to.equal('unpacked');
    }
    await drop(id);
  });

  it('are told apart from the image: what was added, changed and deleted', async () => {
    const changes = async (id: string) => {
      const { text } = await client.call('GET', `/containers/${id}/changes`);
      const list = JSON.parse(text) as { Path: string; Kind: number }[] | null;
      return list?.map(({ Path, Kind }) => `${'CAD'[Kind]} ${Path}`) ?? null;
    };
    const id = await started({}, { Image: 'busybox' });
    expect(await changes(id), 'mount points of the runtime').to.equal(null);
    await sh(
      id,
      `mkdir -p /new/deep; echo x > /new/deep/file; echo more >> /etc/passwd; rm /etc/group; rm -r /seed/sub;
       mkdir /seed/sub; echo x > /seed/sub/fresh; rm /seed/out; mkdir /seed/out; chmod 700 /root; touch /tmp/x; rm /tmp/x;
       ln -s /etc/passwd /link`,
    );
    const expected = [
      'C /etc',
      'D /etc/group',
      'C /etc/passwd',
      'A /link',
      'A /new',
      'A /new/deep',
      'A /new/deep/file',
      'C /root',
      'C /seed',
      'C /seed/out',
      'C /seed/sub',
      'D /seed/sub/deep',
      'A /seed/sub/fresh',
      'D /seed/sub/\ufffd\ufffd',
    ];
    expect(await changes(id)).to.deep.equal(expected);
    await client.call('POST', `/containers/${id}/stop?t=0`);
    expect(await changes(id)).to.deep.equal(expected);
    expect(await mounted(id)).to.equal(0);
    await drop(id);
  });

  it('have sizes: what was written, and with the image', async () => {
    const id = await started({}, { Image: 'busybox' });
    await sh(
      id,
      'dd if=/dev/zero of=/tmp/a bs=1000 count=5 2>/dev/null; ln /tmp/a /tmp/b; ln -s / /tmp/root',
    );
    const sizes = { SizeRw: 5001, SizeRootFs: 1_005_001 };
    expect((await client.call('GET', `/containers/${id}/json?size=1`)).json).to.include(sizes);
    expect((await client.call('GET', `/containers/${id}/json`)).json).not.to.have.property('SizeRw');
    const { text } = await client.call('GET', '/containers/json?size=true');
    expect((JSON.parse(text) as object[])[0]).to.include(sizes);
    await drop(id);
  });

  it('are let go when the client goes, the container ends, or the engine is killed', async () => {
    const id = await started();
    await sh(id, 'dd if=/dev/zero of=/tmp/big bs=1048576 count=64 2>/dev/null');
    // Somebody who stops reading, and then goes.
    const slow = await stalled(sandbox.socketPath, url(id, '/tmp/big'));
    await client.call('POST', `/containers/${id}/stop?t=0`);
    expect(await mounted(id), 'still needed').to.equal(1);
    slow.destroy();
    await waitUntil(async () => (await mounted(id)) === 0);
    const killed = await stalled(sandbox.socketPath, url(id, '/tmp/big'));
    expect(await mounted(id)).to.equal(1);
    await sandbox.killEngine();
    killed.destroy();
    await sandbox.startEngine();
    expect(await mounted(id)).to.equal(0);
    const whole = await client.archive('GET', url(id, '/tmp/big'));
    expect(whole.body.length).to.equal(64 * 1_048_576 + 512 + 1024);
    await drop(id);
  });

  it('keep hard links of an archive inside of it', async () => {
    const id = await started();
    const entries = [file('a', 'one'), hardlink('b', 'a')];
    expect((await put(id, '/tmp', entries)).status).to.equal(200);
    expect(await sh(id, 'stat -c %h /tmp/a; cat /tmp/b')).to.equal('2\none');
    const { status, message } = await put(id, '/tmp', [hardlink('c', '../etc/passwd')]);
    expect([status, message]).to.deep.equal([400, '"../etc/passwd" is outside of "/tmp"']);
    await drop(id);
  });
});

async function stalled(socketPath: string, path: string) {
  const { connect } = await import('node:net');
  const { once } = await import('node:events');
  const socket = connect(socketPath);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'readable');
  return socket;
}

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it never came true');
}
