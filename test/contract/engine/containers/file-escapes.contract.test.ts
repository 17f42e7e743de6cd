import { expect } from 'chai';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { readTar } from '../../../../src/image-builder/tar/reader.ts';
import { directory, file, hardlink, symlink } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

const SWAPPER = fileURLToPath(new URL('swapper.ts', import.meta.url));

/**
 * What CVE-2018-15664, CVE-2019-14271 and CVE-2021-41089 were: a container, or an archive, that leads `cp` out of the
 * container. `victim` is a directory of the machine whose path the container knows and hasn't got itself; an engine that
 * joins paths to the container's root would read and write there. Linux, as root.
 */
describe('cp and the files of the machine itself', () => {
  let sandbox: Sandbox;
  let client: Client;
  let victim: string;
  let id: string;

  before(async () => {
    ({ sandbox, client } = await engineInSandbox());
    victim = join(dirname(sandbox.socketPath), 'victim');
  });
  after(async () => {
    await sandbox?.close();
  });
  beforeEach(async () => {
    mkdirSync(join(victim, 'sub/deep'), { recursive: true });
    for (const path of ['secret', 'sub/secret', 'sub/deep/secret'])
      writeFileSync(join(victim, path), 'of the machine');
    id = await client.create({ Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' } });
    await client.call('POST', `/containers/${id}/start`);
  });
  afterEach(async () => {
    await client.call('DELETE', `/containers/${id}?force=1`);
    const left = ['secret', 'sub', 'sub/deep', 'sub/deep/secret', 'sub/secret'];
    expect(readdirSync(victim, { recursive: true })).to.have.members(left);
    expect(readFileSync(join(victim, 'sub/deep/secret'), 'utf8')).to.equal('of the machine');
    expect(lstatSync(join(victim, 'secret')).mode & 0o7777).to.equal(0o644);
  });

  const url = (path: string, more = '') =>
    `/containers/${id}/archive?path=${encodeURIComponent(path)}${more}`;
  const put = async (path: string, entries: readonly TarEntry[], more = '') =>
    client.archive('PUT', url(path, more), layerTar(entries));
  const sh = async (script: string) => (await client.exec(id, ['sh', '-c', script])).stdout;
  const contents = async (archive: Buffer): Promise<string> => {
    let found = '';
    for await (const { content } of readTar(Readable.from([archive]))) found += content.toString('latin1');
    return found;
  };

  it('are not read or written through a link, be it the last name or one before', async () => {
    await sh(
      `ln -s ${victim} /tmp/l; ln -s ${victim}/secret /tmp/s; ln -s ../../../../../../..${victim} /tmp/up`,
    );
    for (const path of [
      '/tmp/l/secret',
      '/tmp/l/',
      '/tmp/l/.',
      '/tmp/up/secret',
      `/tmp/l/../..${victim}/secret`,
    ]) {
      expect((await client.archive('GET', url(path))).status, path).to.equal(404);
      expect((await client.archive('HEAD', url(path))).status, path).to.equal(404);
    }
    expect(await contents((await client.archive('GET', url('/tmp/s'))).body)).to.equal('');
    for (const path of ['/tmp/l', '/tmp/up', '/tmp/l/']) {
      expect((await put(path, [file('secret', 'overwritten')])).status, path).to.equal(404);
    }
    // The link as a member's own name is replaced, as one before it it leads nowhere.
    expect((await put('/tmp', [file('s', 'overwritten')])).status).to.equal(200);
    expect(await sh('cat /tmp/s')).to.equal('overwritten');
    expect((await put('/tmp', [file('l/secret', 'overwritten')])).status).to.equal(500);
  });

  it('are not what names in an archive lead to', async () => {
    for (const name of ['../x', 'a/../../x', '/../../x', '../../../../../../../../..' + victim + '/x']) {
      const { status, message } = await put('/tmp', [file(name, 'x')]);
      expect([status, message.includes('is outside of "/tmp"')], name).to.deep.equal(
        name.startsWith('/') ? [200, false] : [400, true],
      );
    }
    const absolute = await put('/tmp', [file(`${victim}/x`, 'below /tmp')]);
    expect(absolute.status, absolute.message).to.equal(200);
    expect(await sh(`cat /tmp${victim}/x`)).to.equal('below /tmp');
    await sh(`mkdir -p /stage`);
    const through = await put('/stage', [
      symlink('here', victim),
      symlink('there', '../../../../../../../../../..' + victim),
      directory('sub'),
      file('sub/f', 'x'),
    ]);
    expect(through.status).to.equal(200);
    for (const entry of [file('here/x', 'x'), file('there/x', 'x'), directory('here/sub/new')]) {
      expect((await put('/stage', [symlink('here', victim), entry])).status).to.equal(500);
    }
    expect((await put('/stage', [hardlink('hard', `here/secret`)])).status).to.equal(500);
    expect((await put('/stage', [hardlink('hard', `../..${victim}/secret`)])).status).to.equal(400);
  });

  it('are not opened as devices that an archive brings', async () => {
    const full = { type: 'char' as const, devMajor: 1, devMinor: 7 }; // /dev/full: writing to it fails with ENOSPC.
    const node = { ...file('n', ''), ...full };
    const made = await put('/tmp', [node, { ...file('n', 'a file'), mode: 0o600 }]);
    expect(made.status, made.message).to.equal(200);
    expect(await sh('cat /tmp/n; stat -c %F /tmp/n')).to.equal('a fileregular file\n');
    // It stays a node, and what comes by the name of a second link to it doesn't reach it.
    const linked = await put('/tmp', [node, hardlink('again', 'n'), file('again', 'a file')]);
    expect(linked.status, linked.message).to.equal(200);
    expect(await sh('stat -c "%F %t %T" /tmp/n; cat /tmp/again')).to.equal(
      'character special file 1 7\na file',
    );
    // Reading it gives a node, not what a device says.
    const read = await client.archive('GET', url('/tmp/n'));
    expect(read.body.length).to.equal(3 * 512);
  });

  it("can't be reached while the container swaps a directory for a link", async () => {
    await sh(`mkdir -p /tmp/d/sub; echo inside > /tmp/d/secret; ln -s ${victim} /tmp/dl`);
    const { json } = await client.call('GET', `/containers/${id}/json`);
    const inside = `/proc/${(json['State'] as { Pid: number }).Pid}/root/tmp`;
    const swapper = sandbox.run(process.execPath, SWAPPER, '2000', inside, 'd', 'dl', 'f/c', 'f/cl');
    const ended = new AbortController();
    const swaps = swapper.finally(() => ended.abort());
    const outcomes = new Set<number>();
    const tree = [directory('f'), directory('f/c'), directory('f/c/sub'), symlink('f/cl', victim)];
    while (!ended.signal.aborted) {
      for (const path of ['/tmp/d/secret', '/tmp/d/', '/tmp', '/tmp', '/tmp']) {
        const { status, body } = await client
          .archive('GET', url(path))
          .catch(() => ({ status: 0, body: Buffer.alloc(0) }));
        outcomes.add(status);
        expect(body.includes('of the machine'), path).to.equal(false);
      }
      await client.call('GET', `/containers/${id}/changes`);
      outcomes.add((await put('/tmp/d', [file('sub/x', 'x'), file('new', 'x')])).status);
      // Replacing a tree removes what is in it.
      outcomes.add((await put('/tmp', tree)).status);
      outcomes.add((await put('/tmp', [file('f', 'x')])).status);
    }
    expect([...outcomes]).to.include.members([200, 404]);
    expect(Number(await swaps)).to.be.greaterThan(1000);
    expect(existsSync(join(victim, 'sub/x'))).to.equal(false);
  });
});
