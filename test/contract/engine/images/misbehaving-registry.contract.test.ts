import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { sendBlob, sha256, startFakeRegistry } from './fake-registry.ts';
import type { FakeImage, FakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

/** Bytes that gzip can't make small: the layer comes in many pieces. */
const noise = Buffer.concat(
  Array.from({ length: 12_000 }, (_, at) => createHash('sha256').update(String(at)).digest()),
);
const entries = [file('x', noise), file('y', 'y')];
const auth = {
  'x-registry-auth': Buffer.from('{"username":"me","password":"secret"}').toString('base64url'),
};

const blobRequests = (fake: FakeRegistry) =>
  fake.requests.filter(({ url }) => url.endsWith(fake.layer.digest));

describe('pulling from a registry that misbehaves', function () {
  this.timeout(120_000); // the first run may have to bring erofs-utils
  let under: ImagesUnderTest;
  const running: FakeRegistry[] = [];
  const registry = async (image: Partial<FakeImage> = {}) => {
    const started = await startFakeRegistry({ entries, ...image });
    running.push(started);
    return started;
  };

  beforeEach(async () => {
    under = await startImages();
  });
  afterEach(async () => {
    await under.close();
    await Promise.all(running.splice(0).map(async (started) => await started.stop()));
  });

  const nothingLeft = () => {
    const data = join(under.directory, 'data');
    expect(readdirSync(join(data, 'ingest'))).to.deep.equal([]);
    expect(readdirSync(join(data, 'layers'))).to.deep.equal([]);
    expect(existsSync(join(data, 'images.json'))).to.equal(false);
  };
  const refused = async (fake: FakeRegistry, message: string | RegExp) => {
    const { lines, text } = await under.pull(`${fake.host}/test/image`);
    const told = lines.at(-1)?.errorDetail?.message ?? '';
    const expected = typeof message === 'string' ? told.includes(message) : message.test(told);
    expect(expected, text).to.equal(true);
    expect(lines.at(-1)?.error).to.equal(lines.at(-1)?.errorDetail?.message);
    nothingLeft();
  };
  const pulled = async (fake: FakeRegistry, headers?: Record<string, string>) => {
    const { lines, text } = await under.pull(`${fake.host}/test/image`, '1', headers);
    expect(lines.at(-1)?.status, text).to.equal(
      `Status: Downloaded newer image for ${fake.host}/test/image:1`,
    );
  };

  it('refuses a layer whose bytes are others', async () => {
    const fake = await registry();
    const wrong = Buffer.from(fake.layer.bytes);
    wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1; // gzip's own length field
    fake.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(fake.layer.digest) !== true) return false;
      sendBlob(request, response, wrong);
      return true;
    };
    // Whichever notices first.
    await refused(fake, /filesystem layer verification failed|cannot decompress: incorrect length check/);
  });

  it('refuses other bytes that decompress well, naming the digest', async () => {
    const other = layerTar([file('x', 'other')]);
    const fake = await registry({ layerBytes: layerTar([file('x', 'right')]) });
    fake.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(fake.layer.digest) !== true) return false;
      sendBlob(request, response, other);
      return true;
    };
    await refused(fake, `filesystem layer verification failed for digest ${fake.layer.digest}`);
  });

  it('refuses a layer of another size before it is read', async () => {
    const fake = await registry();
    fake.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(fake.layer.digest) !== true) return false;
      sendBlob(request, response, Buffer.concat([fake.layer.bytes, Buffer.from('more')]));
      return true;
    };
    await refused(
      fake,
      `the registry sends ${fake.layer.bytes.length + 4} bytes, expected ${fake.layer.bytes.length}`,
    );
  });

  it('refuses a gzip stream that ends early, though its digest is right', async () => {
    const whole = gzipSync(layerTar(entries));
    await refused(
      await registry({ layerBytes: whole.subarray(0, -2000) }),
      'cannot decompress: unexpected end of file',
    );
  });

  it('refuses a tar archive that ends early, though both digests are right', async () => {
    const short = layerTar(entries).subarray(0, 5000);
    await refused(
      await registry({ layerBytes: gzipSync(short), diffId: sha256(short) }),
      'its tar archive ends too early',
    );
  });

  it('refuses a layer whose diffID is another', async () => {
    await refused(
      await registry({ diffId: `sha256:${'1'.repeat(64)}` }),
      'layer verification failed: diffID is',
    );
  });

  it('refuses a manifest that calls itself something else', async () => {
    const fake = await registry({ manifestType: 'application/vnd.docker.distribution.manifest.v2+json' });
    const { status, text } = await under.pull(`${fake.host}/test/image`);
    expect(status).to.equal(500);
    expect(text).to.contain('but it was served as');
  });

  it('refuses a manifest whose digest is another', async () => {
    const fake = await registry();
    fake.misbehave = ({ request, response }) => {
      if (request.url?.includes('/manifests/') !== true) return false;
      response
        .writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' })
        .end('{"manifests":[]}');
      return true;
    };
    const { text } = await under.pull(`${fake.host}/test/image`, fake.manifestDigest);
    expect(text).to.contain(`manifest verification failed for digest ${fake.manifestDigest}`);
  });

  for (const honoursRange of [true, false]) {
    it(`goes on after a broken connection (Range ${honoursRange ? 'honoured' : 'ignored'})`, async () => {
      const fake = await registry();
      const { bytes, digest } = fake.layer;
      fake.misbehave = ({ request, response }) => {
        if (request.url?.endsWith(digest) !== true) return false;
        if (blobRequests(fake).length === 1) {
          response.writeHead(200, { 'content-length': bytes.length });
          response.write(bytes.subarray(0, bytes.length / 2), () => setImmediate(() => response.destroy()));
          return true;
        }
        if (honoursRange) return false;
        response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
        return true;
      };
      await pulled(fake);
      const [first, second] = blobRequests(fake);
      expect(first?.headers.range).to.equal(undefined);
      expect(second?.headers.range).to.match(/^bytes=[1-9]\d*-$/);
      expect(under.waits).to.have.length(1);
    });
  }

  it('gives up on a connection that breaks at the same place each time', async () => {
    const fake = await registry();
    fake.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(fake.layer.digest) !== true) return false;
      response.writeHead(200, { 'content-length': fake.layer.bytes.length });
      response.flushHeaders();
      setImmediate(() => response.destroy());
      return true;
    };
    await refused(fake, 'the connection broke');
    expect(blobRequests(fake).length).to.equal(5);
  });

  it('waits as long as a 429 says', async () => {
    const fake = await registry();
    fake.misbehave = ({ response }) => {
      if (fake.requests.length > 1) return false;
      response
        .writeHead(429, { 'retry-after': '3' })
        .end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}');
      return true;
    };
    await pulled(fake);
    expect(under.waits).to.have.length(1);
    expect(under.waits[0]).to.be.within(3000, 3500);
  });

  it('sends no credentials along when it is redirected to another host', async () => {
    const storage = await registry();
    const fake = await registry();
    fake.misbehave = ({ request, response }) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return true;
      }
      if (request.url?.endsWith(fake.layer.digest) !== true) return false;
      response.writeHead(307, { location: `${storage.url}${request.url}` }).end();
      return true;
    };
    await pulled(fake, auth);
    expect(fake.requests.at(-1)?.headers.authorization).to.equal(
      `Basic ${Buffer.from('me:secret').toString('base64')}`,
    );
    expect(storage.requests.map(({ headers }) => headers.authorization)).to.deep.equal([undefined]);
  });

  it("doesn't answer the challenge of a host that it was redirected to", async () => {
    const thief = await registry();
    thief.misbehave = ({ response }) => {
      response.writeHead(401, { 'www-authenticate': `Basic realm="x"` }).end();
      return true;
    };
    const fake = await registry();
    fake.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(fake.layer.digest) !== true) return false;
      response.writeHead(307, { location: `${thief.url}/x` }).end();
      return true;
    };
    const { text } = await under.pull(`${fake.host}/test/image`, '1', auth);
    expect(text).to.contain('pull access denied');
    expect(thief.requests.map(({ headers }) => headers.authorization)).to.deep.equal([undefined]);
  });

  it('fetches a token once, with the credentials, and sends it', async () => {
    const fake = await registry();
    fake.misbehave = ({ request, response }) => {
      if (request.url?.startsWith('/token') === true) {
        response.writeHead(200).end('{"access_token":"t0k"}');
        return true;
      }
      if (request.headers.authorization === 'Bearer t0k') return false;
      const challenge = `Bearer realm="${fake.url}/token",service="s",scope="repository:test/image:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
    await pulled(fake, auth);
    const tokens = fake.requests.filter(({ url }) => url.startsWith('/token'));
    expect(tokens.map(({ url }) => url)).to.deep.equal([
      '/token?service=s&scope=repository%3Atest%2Fimage%3Apull',
    ]);
    expect(tokens[0]?.headers.authorization).to.match(/^Basic /);
  });

  it('says what Docker says when access is denied', async () => {
    const fake = await registry();
    fake.misbehave = ({ response }) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const { status, text } = await under.pull(`${fake.host}/test/image`);
    expect([status, text]).to.deep.equal([
      404,
      `{"message":"pull access denied for ${fake.host}/test/image, repository does not exist or may require 'wherry login'"}\n`,
    ]);
  });

  it('stops, and leaves nothing, when the client goes away', async () => {
    const fake = await registry();
    const { bytes, digest } = fake.layer;
    const stalled = Promise.withResolvers<ServerResponse>();
    fake.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(digest) !== true) return false;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1000), () => stalled.resolve(response));
      return true;
    };
    const client = httpRequest({
      socketPath: join(under.directory, 'api.sock'),
      method: 'POST',
      path: `/images/create?fromImage=${encodeURIComponent(`${fake.host}/test/image`)}&tag=1`,
    });
    client.on('error', () => undefined); // it is ended on purpose
    client.end();
    const download = await stalled.promise;
    const ended = once(download, 'close');
    client.destroy();
    await ended;
    const deadline = Date.now() + 5000;
    while (readdirSync(join(under.directory, 'data/ingest')).length > 0 && Date.now() < deadline)
      await immediate();
    nothingLeft();
  });

  it('brings a layer once for two pulls at a time', async () => {
    const fake = await registry();
    const both = await Promise.all([
      under.pull(`${fake.host}/test/image`),
      under.pull(`${fake.host}/test/image`),
    ]);
    for (const { lines } of both) expect(lines.at(-1)?.status).to.contain('Status: ');
    expect(blobRequests(fake)).to.have.length(1);
  });

  it('goes from a mirror that fails to the next one', async () => {
    const broken = await registry();
    broken.misbehave = ({ response }) => {
      response.writeHead(404).end();
      return true;
    };
    const good = await registry();
    await under.close();
    under = await startImages({
      config: { registryMirrors: ['http://127.0.0.1:1', broken.url, good.url], insecureRegistries: [] },
    });
    const { lines, text } = await under.pull('docker.io/test/image', '1', auth);
    expect(lines.at(-1)?.status, text).to.equal('Status: Downloaded newer image for test/image:1');
    expect(broken.requests).to.have.length(1);
    expect(good.requests.every(({ headers }) => headers.authorization === undefined)).to.equal(true);
  });
});
