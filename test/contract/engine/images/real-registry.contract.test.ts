import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { directory, file, hardlink, opaque, symlink, whiteout } from '../../../helpers/images/entries.ts';
import { writeOciLayout } from '../../../helpers/images/oci-layout.ts';
import { startRegistry } from '../../../helpers/registry.ts';
import type { Registry } from '../../../helpers/registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const config = { Cmd: ['/hello'], Env: ['A=1'], Labels: { team: 'x' } };
const layers = [
  {
    compression: 'gzip' as const,
    entries: [
      directory('etc', { mode: 0o750 }),
      file('etc/a', 'first'),
      directory('d'),
      hardlink('d/b', 'etc/a'),
      symlink('s', 'etc/a'),
    ],
  },
  { compression: 'zstd' as const, entries: [whiteout('s'), opaque('d'), file('d/new', 'second')] },
  { compression: 'none' as const, entries: [file('top', 'third', { mode: 0o4755, uid: 7 })] },
];

describe("pulling from Debian's docker-registry", function () {
  this.timeout(120_000); // the first run may have to bring the tools
  let scratch: string;
  let registry: Registry;
  let under: ImagesUnderTest;
  let name: string;
  let running = '';
  let digest: string;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-registry-'));
    const { binDir } = await debianTools(['docker-registry', 'skopeo']);
    registry = await startRegistry(join(binDir, 'docker-registry'), join(scratch, 'registry'));
    name = `127.0.0.1:${registry.port}/team/app`;
    digest = writeOciLayout(join(scratch, 'layout'), { config, layers });
    const policy = ['--insecure-policy', '--tmpdir', scratch];
    const copy = ['copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false'];
    execFileSync(join(binDir, 'skopeo'), [
      ...policy,
      ...copy,
      `oci:${join(scratch, 'layout')}`,
      `docker://${name}:1`,
    ]);
  });
  after(async () => {
    await registry.stop();
    rmSync(scratch, { recursive: true, force: true });
  });
  beforeEach(async () => {
    under = await startImages({ isRunning: (id) => id === running });
  });
  afterEach(async () => await under.close());

  const extracted = (diffId: string): string => {
    const erofs = join(under.directory, 'data', 'layers', `${diffId.slice(7)}.erofs`);
    const target = join(under.directory, 'extracted', diffId.slice(7, 19));
    mkdirSync(join(under.directory, 'extracted'), { recursive: true });
    execFileSync(join(under.binDir, 'fsck.erofs'), [`--extract=${target}`, '--no-preserve-owner', erofs]);
    return target;
  };

  it('tells what Docker tells, line by line', async () => {
    const { status, lines } = await under.pull(name);
    expect(status).to.equal(200);
    expect(lines[0]).to.deep.equal({ status: 'Pulling from team/app', id: '1' });
    const ids = readManifest().layers.map((layer) => layer.digest.slice(7, 19));
    for (const id of ids) {
      const own = lines.filter((line) => line.id === id).map((line) => line.status);
      expect([...new Set(own)]).to.deep.equal([
        'Pulling fs layer',
        'Downloading',
        'Verifying Checksum',
        'Download complete',
        'Extracting',
        'Pull complete',
      ]);
    }
    const completed = lines.filter((line) => line.status === 'Pull complete').map((line) => line.id);
    expect(completed).to.deep.equal(ids);
    expect(lines.slice(-2)).to.deep.equal([
      { status: `Digest: ${digest}` },
      { status: `Status: Downloaded newer image for ${name}:1` },
    ]);
    const again = await under.pull(name);
    expect(again.lines).to.deep.equal([
      { status: 'Pulling from team/app', id: '1' },
      { status: `Digest: ${digest}` },
      { status: `Status: Image is up to date for ${name}:1` },
    ]);
  });

  it('makes a filesystem of each layer that fsck.erofs finds good, and keeps the blob beside it', async () => {
    await under.pull(name);
    const image = under.images.resolver.resolve(`${name}:1`);
    const [bottom, middle, top] = image.layers;
    const base = extracted(bottom?.diffId ?? '');
    expect(readFileSync(join(base, 'd/b'), 'utf8')).to.equal('first');
    expect(readFileSync(join(base, 's'), 'utf8')).to.equal('first');
    expect(readFileSync(join(extracted(top?.diffId ?? ''), 'top'), 'utf8')).to.equal('third');
    const list = execFileSync(join(under.binDir, 'dump.erofs'), ['--path=/', '--ls', middle?.file ?? ''], {
      encoding: 'utf8',
    });
    expect(list).to.match(/ s\b/).and.not.contain('.wh.');
    const blobs = readdirSync(join(under.directory, 'data/blobs/sha256'));
    for (const layer of readManifest().layers) expect(blobs).to.include(layer.digest.slice(7));
  });

  it('answers for images, inspect and history', async () => {
    await under.pull(name);
    const [item] = JSON.parse((await under.call('GET', '/images/json')).text) as Record<string, unknown>[];
    expect(item).to.deep.include({
      Containers: -1,
      Created: Date.parse('2026-01-01T00:00:00Z') / 1000,
      Labels: config.Labels,
      ParentId: '',
      RepoTags: [`${name}:1`],
      RepoDigests: [`${name}@${digest}`],
      SharedSize: -1,
      Size: 16,
    });
    const [alone] = JSON.parse((await under.call('GET', '/images/json?shared-size=1')).text) as object[];
    expect(alone).to.include({ SharedSize: 0 });
    expect((await under.call('GET', '/images/json?manifests=1')).status).to.equal(501);
    const filtered = encodeURIComponent(JSON.stringify({ reference: { '*/*/nosuch': true } }));
    expect((await under.call('GET', `/images/json?filters=${filtered}`)).text).to.equal('[]\n');
    const inspected = JSON.parse((await under.call('GET', `/images/${name}:1/json`)).text) as Record<
      string,
      unknown
    >;
    expect(inspected).to.deep.include({ Id: item?.['Id'], Architecture: 'amd64', Os: 'linux' });
    expect(inspected['Config']).to.deep.include(config);
    const history = JSON.parse((await under.call('GET', `/images/${name}:1/history`)).text) as object[];
    expect(history).to.have.length(3);
    expect(history[0]).to.include({ Id: item?.['Id'], CreatedBy: 'layer 2', Size: 5 });
    expect((await under.call('GET', '/images/nosuch/json')).text).to.equal(
      '{"message":"No such image: nosuch:latest"}\n',
    );
  });

  it('tags, untags, and removes with the last name; a container stands in the way', async () => {
    await under.pull(name);
    const { id } = under.images.resolver.resolve(`${name}:1`);
    const short = id.slice(7, 19);
    expect((await under.call('POST', `/images/${short}/tag?repo=other/name&tag=2`)).status).to.equal(201);
    expect(under.images.resolver.resolve('other/name:2').id).to.equal(id);
    expect((await under.call('DELETE', `/images/${short}`)).text).to.contain(
      'image is referenced in multiple repositories',
    );
    expect((await under.call('DELETE', '/images/other/name:2')).text).to.equal(
      '[{"Untagged":"other/name:2"}]\n',
    );
    under.images.resolver.acquire(id, 'c'.repeat(64));
    const conflict = await under.call('DELETE', `/images/${name}:1`);
    expect(conflict.status).to.equal(409);
    expect(conflict.text).to.contain(
      `(must force) - container ${'c'.repeat(12)} is using its referenced image ${short}`,
    );
    running = 'c'.repeat(64);
    const forced = await under.call('DELETE', `/images/${short}?force=1`);
    running = '';
    expect(forced.status).to.equal(409);
    expect(forced.text).to.contain(
      `unable to delete ${short} (cannot be forced) - image is being used by running container ${'c'.repeat(12)}`,
    );
    under.images.resolver.release(id, 'c'.repeat(64));
    const removed = JSON.parse((await under.call('DELETE', `/images/${name}:1`)).text) as object[];
    expect(removed.slice(0, 3)).to.deep.equal([
      { Untagged: `${name}:1` },
      { Untagged: `${name}@${digest}` },
      { Deleted: id },
    ]);
    expect(removed).to.have.length(6);
    for (const kind of ['layers', 'blobs/sha256']) {
      expect(readdirSync(join(under.directory, 'data', kind)), kind).to.deep.equal([]);
    }
  });

  it('survives a restart, and a pull repairs what a crash tore', async () => {
    await under.pull(name);
    const [layer] = under.images.resolver.resolve(`${name}:1`).layers;
    const file0 = layer?.file ?? '';
    await under.reopen();
    expect(under.images.resolver.resolve(`${name}:1`).layers[0]?.file).to.equal(file0);
    truncateSync(file0, 100);
    await under.reopen();
    expect(existsSync(file0)).to.equal(false);
    expect(() => under.images.resolver.resolve(`${name}:1`)).to.throw('pull it again');
    const { lines } = await under.pull(name);
    expect(lines.filter(({ status }) => status === 'Already exists')).to.have.length(2);
    expect(lines.filter(({ status }) => status === 'Pull complete')).to.have.length(1);
    expect(under.images.resolver.resolve(`${name}:1`).layers[0]?.file).to.equal(file0);
  });

  it('says what Docker says of names that are not there', async () => {
    const unknown = await under.pull(name, 'nosuch');
    expect(unknown.status).to.equal(404);
    expect(unknown.text).to.contain(`manifest for ${name}:nosuch not found: manifest unknown`);
    expect((await under.pull('Bad', '1')).text).to.contain('repository name (library/Bad) must be lowercase');
    expect((await under.pull(name, '.bad')).text).to.equal('{"message":"invalid reference format"}\n');
    const refused = await under.pull('127.0.0.1:1/x');
    expect(refused.text).to.contain('dial tcp 127.0.0.1:1: connect: connection refused');
  });

  it('publishes events', async () => {
    await under.pull(name);
    await under.call('POST', `/images/${name}:1/tag?repo=x`);
    const actions = under.events.past().map(({ Type, Action }) => `${Type} ${Action}`);
    expect(actions).to.deep.equal(['image pull', 'image tag']);
  });

  function readManifest(): { layers: { digest: string }[] } {
    const path = join(scratch, 'layout/blobs/sha256', digest.slice(7));
    return JSON.parse(readFileSync(path, 'utf8')) as { layers: { digest: string }[] };
  }
});
