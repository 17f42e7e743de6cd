import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { directory, file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { startFakeRegistry } from './fake-registry.ts';
import type { FakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const OCI = 'application/vnd.oci.image';
const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Attacks by registries and archives that worked elsewhere; each says what a naive engine does. */
describe('attacks by images', () => {
  let under: ImagesUnderTest;
  const registries: FakeRegistry[] = [];
  const registry = async (): Promise<FakeRegistry> => {
    const fake = await startFakeRegistry({ entries: [file('x', 'content')] });
    registries.push(fake);
    return fake;
  };
  beforeEach(async () => {
    under = await startImages();
  });
  afterEach(async () => {
    await under.close();
    for (const fake of registries.splice(0)) await fake.stop();
  });

  /** Serves a document of the attacker's as the manifest of `test/image:1`. */
  const serve = (fake: FakeRegistry, type: string, document: object): Buffer => {
    const bytes = Buffer.from(JSON.stringify(document));
    fake.misbehave = ({ request, response }) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return true;
      }
      if (request.url?.includes('/manifests/') !== true) return false;
      response.writeHead(200, { 'content-type': type }).end(bytes);
      return true;
    };
    return bytes;
  };
  const auth = {
    'x-registry-auth': Buffer.from(JSON.stringify({ username: 'me', password: 'secret' })).toString('base64'),
  };

  it("credentials for a layer's own URLs (CVE-2020-15157)", async () => {
    // A naive client fetches a "foreign" layer from the URLs in its descriptor, and answers their challenges with the
    // registry's password.
    const [fake, thief] = [await registry(), await registry()];
    thief.misbehave = ({ response }) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const config = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: [fake.layer.diffId] },
      }),
    );
    const stranger = `sha256:${'5'.repeat(64)}`;
    serve(fake, `${OCI}.manifest.v1+json`, {
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, digest: sha256(config), size: config.length },
      layers: [
        {
          mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
          digest: stranger,
          size: 10,
          urls: [`${thief.url}/layer`],
        },
      ],
    });
    const { text } = await under.pull(`${fake.host}/test/image`, '1', auth);
    expect(text).to.match(/error/i);
    expect(thief.requests).to.deep.equal([]);
  });

  it('a document that is a manifest to one reader and an index to another (CVE-2021-41190)', async () => {
    // A naive client goes by Content-Type alone: the same digest means one image to a scanner, another to an engine.
    for (const type of [`${OCI}.manifest.v1+json`, `${OCI}.index.v1+json`]) {
      const fake = await registry();
      const bytes = serve(fake, type, {
        schemaVersion: 2,
        config: { mediaType: `${OCI}.config.v1+json`, digest: fake.layer.digest, size: 1 },
        layers: [],
        manifests: [{ mediaType: `${OCI}.manifest.v1+json`, digest: fake.manifestDigest, size: 1 }],
      });
      const { text } = await under.pull(`${fake.host}/test/image`, sha256(bytes), auth);
      expect(text, type).to.contain('ambiguous or empty manifest');
      expect(
        fake.requests.filter(({ url }) => url.includes('/blobs/')),
        type,
      ).to.deep.equal([]);
    }
  });

  it('digests that are paths, or none (CVE-2024-3727)', async () => {
    // A naive engine makes file names of them, and takes an unknown algorithm's digest without checking it.
    const wrong = [
      'sha256:../../../../tmp/wherry-owned',
      'sha256:',
      'md5:d41d8cd98f00b204e9800998ecf8427e',
      `sha256:${'A'.repeat(64)}`,
      '',
      `sha256:${'0'.repeat(63)}/`,
    ];
    for (const digest of wrong) {
      const fake = await registry();
      serve(fake, `${OCI}.manifest.v1+json`, {
        schemaVersion: 2,
        mediaType: `${OCI}.manifest.v1+json`,
        config: { mediaType: `${OCI}.config.v1+json`, digest, size: 1 },
        layers: [{ mediaType: `${OCI}.layer.v1.tar+gzip`, digest, size: 1 }],
      });
      const { text } = await under.pull(`${fake.host}/test/image`, '1', auth);
      expect(text, digest).to.match(/not a digest/);
      expect(
        fake.requests.filter(({ url }) => url.includes('/blobs/')),
        digest,
      ).to.deep.equal([]);
    }
    expect(existsSync('/tmp/wherry-owned')).to.equal(false);
  });

  describe('imports (CVE-2023-25153)', () => {
    const load = async (body: Buffer) => await under.call('POST', '/images/load?quiet=1', {}, body);

    it('of a document that fills the memory', async () => {
      // A naive engine reads index.json as a whole, as large as the archive says: a gigabyte of spaces is 1 MB gzipped.
      for (const name of ['manifest.json', 'index.json']) {
        const before = process.memoryUsage.rss();
        const { text } = await load(gzipSync(layerTar([file(name, Buffer.alloc(96 * 1024 * 1024, ' '))])));
        expect(text, name).to.contain(`${name} is too large`);
        expect(process.memoryUsage.rss() - before, name).to.be.lessThan(400 * 1024 * 1024);
      }
    });

    it('of headers and entries without end', async () => {
      const many = layerTar(Array.from({ length: 10_002 }, (_, at) => directory(`d${at}`)));
      expect((await load(gzipSync(many))).text).to.contain('too many entries');
      const header = Buffer.from(layerTar([file('x', '')]).subarray(0, 512));
      header.write('x', 156);
      header.write('77777777777\0', 124);
      header.fill(' ', 148, 156);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      expect((await load(header)).text).to.contain('an extended header is too large');
    });

    it('of names that leave the archive', async () => {
      // Spooled entries get numbers; a name that points outside is refused all the same.
      const { text } = await load(
        layerTar([file('../../../../tmp/wherry-owned', 'x'), file('manifest.json', '[]')]),
      );
      expect(text).to.match(/error|invalid/i);
      expect(existsSync('/tmp/wherry-owned')).to.equal(false);
    });
  });
});
