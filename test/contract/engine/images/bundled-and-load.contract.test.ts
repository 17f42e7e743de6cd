import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { RegistryUnreachable } from '../../../../src/engine/images/registry/errors.ts';
import { Transport } from '../../../../src/engine/images/registry/transport.ts';
import type { TransportRequest } from '../../../../src/engine/images/registry/transport.ts';
import { bundledHelloWorld } from '../../../../src/image-builder/bundled/hello-world.ts';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { file, symlink } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { startFakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

/** A network in which Docker Hub has no address. */
class NoHub extends Transport {
  override async request(request: TransportRequest) {
    if (request.url.host !== 'registry-1.docker.io') return await super.request(request);
    const message =
      'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host';
    throw new RegistryUnreachable(message, new Error('ENOTFOUND'));
  }
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const NO_HOST = 'dial tcp: lookup registry-1.docker.io: no such host';

/** As `docker save` wrote it before OCI layouts: manifest.json last, a repeated layer as a symbolic link. */
const dockerArchive = (change: (entries: TarEntry[]) => TarEntry[] = (entries) => entries): Buffer => {
  const layer = layerTar([file('x', 'content')]);
  const rootfs = { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`, `sha256:${sha256(layer)}`] };
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs });
  const manifest = [
    { Config: 'c.json', RepoTags: ['saved:1', 'me/saved:2'], Layers: ['a/layer.tar', 'b/layer.tar'] },
  ];
  return layerTar(
    change([
      file('a/layer.tar', layer),
      symlink('b/layer.tar', '../a/layer.tar'),
      file('c.json', config),
      file('manifest.json', JSON.stringify(manifest)),
    ]),
  );
};

describe('the bundled hello-world', function () {
  this.timeout(120_000);
  let bundledDir: string;
  let under: ImagesUnderTest;

  before(() => {
    bundledDir = mkdtempSync(join(tmpdir(), 'wherry-bundled-'));
    for (const { path, content } of bundledHelloWorld()) {
      mkdirSync(dirname(join(bundledDir, path)), { recursive: true });
      writeFileSync(join(bundledDir, path), content);
    }
  });
  after(() => rmSync(bundledDir, { recursive: true, force: true }));
  const start = async (registryMirrors: string[] = []) => {
    under = await startImages({
      bundledDir,
      transport: new NoHub(),
      config: { registryMirrors, insecureRegistries: [] },
    });
  };
  afterEach(async () => await under.close());

  it('stands in when the registry is out of reach, with a name and without digests', async () => {
    await start(['http://127.0.0.1:1']);
    const { status, lines } = await under.pull('hello-world', 'latest');
    expect(status).to.equal(200);
    expect(lines.at(-1)?.status).to.equal('Status: Loaded bundled image for hello-world:latest');
    expect(lines[0]?.status).to.contain(NO_HOST);
    const image = JSON.parse((await under.call('GET', '/images/hello-world/json')).text) as Record<
      string,
      unknown
    >;
    expect(image).to.deep.include({ RepoTags: ['hello-world:latest'], RepoDigests: [] });
    expect(under.images.resolver.resolve('hello-world').config.Cmd).to.deep.equal(['/hello']);
  });
  it('stands in for no other name or tag', async () => {
    await start();
    for (const [image, tag] of [
      ['hello-world', 'linux'],
      ['me/hello-world', 'latest'],
      ['busybox', 'latest'],
    ] as const) {
      const { status, text } = await under.pull(image, tag);
      expect(status, image).to.equal(500);
      expect(text).to.contain(NO_HOST);
    }
  });
  it('never stands in after an HTTP answer', async () => {
    const mirror = await startFakeRegistry({ entries: [] });
    mirror.misbehave = ({ response }) => {
      response.writeHead(404).end();
      return true;
    };
    try {
      await start([mirror.url]);
      expect((await under.pull('hello-world', 'latest')).status).to.equal(500);
    } finally {
      await mirror.stop();
    }
  });
  it('never stands in when the client insists on the registry', async () => {
    await start();
    const { status, text } = await under.pull('hello-world', 'latest', { 'x-wherry-pull': 'always' });
    expect([status, text.includes(NO_HOST)]).to.deep.equal([500, true]);
  });
});

describe('loading an archive', function () {
  this.timeout(120_000);
  let under: ImagesUnderTest;
  beforeEach(async () => {
    under = await startImages();
  });
  afterEach(async () => await under.close());

  const load = async (body: Buffer) => await under.call('POST', '/images/load?quiet=1', {}, body);

  for (const [what, pack] of [
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const) {
    it(`takes docker save's, ${what}`, async () => {
      const { lines, text } = await load(pack(dockerArchive()));
      expect(lines, text).to.deep.equal([
        { stream: 'Loaded image: saved:1\n' },
        { stream: 'Loaded image: me/saved:2\n' },
      ]);
      expect(under.images.resolver.resolve('saved:1').layers).to.have.length(2);
    });
  }
  it('takes an OCI layout', async () => {
    const { lines, text } = await load(
      layerTar(bundledHelloWorld().map(({ path, content }) => file(path, content))),
    );
    expect(lines, text).to.deep.equal([{ stream: 'Loaded image: hello-world:latest\n' }]);
  });
  it('refuses a layer that is not the one of the config', async () => {
    const { text } = await load(
      dockerArchive((entries) => [file('a/layer.tar', layerTar([])), ...entries.slice(1)]),
    );
    expect(text).to.contain('layer verification failed: diffID is');
  });
  it('refuses what is no archive, or not a whole one', async () => {
    expect((await load(Buffer.from('x'.repeat(2000)))).text).to.contain(
      'invalid archive: The tar archive cannot be read',
    );
    const xz = Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(600)]);
    expect((await load(xz)).text)
      .to.contain('it is compressed with xz')
      .and.to.contain('xz -dc FILE');
    expect((await load(dockerArchive().subarray(0, 1000))).text).to.contain('it ends too early');
    expect((await load(layerTar([file('x', 'y')]))).text).to.contain('neither manifest.json nor index.json');
    expect((await load(dockerArchive((entries) => entries.slice(2)))).text).to.contain(
      'it has no a/layer.tar',
    );
  });
  it('says by name what is not there yet', async () => {
    expect((await under.call('GET', '/images/x/json?manifests=1')).status).to.equal(501);
  });
});
