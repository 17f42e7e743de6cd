import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { expect } from 'chai';
import { file } from '../../../helpers/images/entries.ts';
import { startFakePushRegistry } from './fake-push-registry.ts';
import type { FakePushRegistry, Trouble } from './fake-push-registry.ts';
import { startFakeRegistry } from './fake-registry.ts';
import type { FakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const noise = Buffer.concat(
  Array.from({ length: 40_000 }, (_, at) => createHash('sha256').update(String(at)).digest()),
);
const basic = `Basic ${btoa('me:secret')}`;
const auth = { 'x-registry-auth': btoa('{"username":"me","password":"secret"}') };

describe('pushing to a registry that misbehaves', function () {
  this.timeout(120_000); // the first run may have to bring erofs-utils
  let under: ImagesUnderTest;
  let source: FakeRegistry;
  let fake: FakePushRegistry;
  let other: FakePushRegistry;

  before(async () => {
    source = await startFakeRegistry({ entries: [file('x', noise)] });
    under = await startImages();
    await under.pull(`${source.host}/test/image`);
  });
  after(async () => {
    await under.close();
    await source.stop();
  });
  beforeEach(async () => {
    [fake, other] = await Promise.all([startFakePushRegistry(), startFakePushRegistry()]);
    under.waits.length = 0;
    await under.call('POST', `/images/${source.host}/test/image:1/tag?repo=${fake.host}/a/b&tag=1`);
  });
  afterEach(async () => {
    await under.call('DELETE', `/images/${fake.host}/a/b:1`);
    await Promise.all([fake.stop(), other.stop()]);
  });

  const push = async (headers: Record<string, string> = {}) =>
    await under.call('POST', `/images/${fake.host}/a/b/push?tag=1`, headers);
  const pushed = async (headers?: Record<string, string>) => {
    const { lines, text } = await push(headers);
    expect(lines.at(-1)?.aux, text).to.include({ Digest: source.manifestDigest });
    expect(fake.blobs.get(source.layer.digest)?.equals(source.layer.bytes)).to.equal(true);
    expect([...fake.manifests.keys()]).to.deep.equal(['1']);
    expect(fake.uploads.size).to.equal(0);
  };
  const refused = async (message: string) => {
    const { lines, text } = await push();
    expect(lines.at(-1)?.error, text).to.equal(message);
    expect(fake.manifests.size).to.equal(0);
    expect(fake.uploads.size).to.equal(0);
  };
  const sent = (method: string) => fake.requests.filter((request) => request.method === method);
  /** Makes trouble for the first `times` requests of a method. */
  const first = (method: string, times: number, trouble: Trouble): Trouble => {
    let left = times;
    return (request, ...rest) => request.method === method && left > 0 && (left--, trouble(request, ...rest));
  };

  it('sends each blob once where nothing is wrong', async () => {
    await pushed();
    expect(
      sent('PATCH')
        .map(({ headers }) => Number(headers['content-length']))
        .toSorted((a, b) => b - a)[0],
    ).to.equal(source.layer.bytes.length);
    expect(sent('PATCH')).to.have.length(2);
    // What the registry put into its URLs comes back as it was.
    for (const { url } of sent('PUT').slice(0, 2)) expect(url).to.contain('?state=a%2Bb&digest=sha256%3A');
  });

  it('tells what the registry said without what a terminal would obey', async () => {
    fake.trouble = (request, response) => {
      request.resume();
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="ftp://x/\u009b31m"' }).end();
      return true;
    };
    await refused('the registry names a token server that may not be used: "ftp://x/?31m"');
  });

  it('goes on where the registry has got to when a transfer breaks', async () => {
    let received = 0;
    fake.trouble = first('PATCH', 1, (request, _response, uploads) => {
      const id = request.url?.split('/').at(-1)?.split('?')[0] ?? '';
      request.on('data', (chunk: Buffer) => {
        if (received > 0) return;
        received = chunk.length;
        uploads.set(id, chunk);
        request.socket.destroy();
      });
      return true;
    });
    await pushed();
    const resumed = sent('PATCH').find(({ headers }) => headers['content-range'] !== undefined);
    expect(resumed?.headers).to.include({
      'content-range': `${received}-${source.layer.bytes.length - 1}`,
      'content-length': String(source.layer.bytes.length - received),
    });
    expect(under.waits).to.have.length(1);
  });

  it('begins anew where the registry has lost the upload', async () => {
    fake.trouble = first('PATCH', 1, (request, response, uploads) => {
      uploads.clear();
      request.resume();
      response.writeHead(404).end('{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"gone"}]}');
      return true;
    });
    await pushed();
    expect(sent('POST')).to.have.length(3);
  });

  it('takes an answer that got lost after the last step for what it was', async () => {
    fake.trouble = first('PUT', 1, (request, _response, uploads) => {
      const id = request.url?.split('/').at(-1)?.split('?')[0] ?? '';
      const digest = new URL(request.url ?? '', 'http://x').searchParams.get('digest') ?? '';
      (fake.blobs as Map<string, Buffer>).set(digest, uploads.get(id) ?? Buffer.alloc(0));
      uploads.delete(id);
      request.socket.destroy();
      return true;
    });
    await pushed();
    expect(sent('POST')).to.have.length(2);
  });

  it('waits as long as a busy registry says', async () => {
    fake.trouble = first('POST', 2, (_request, response) => {
      response.writeHead(429, { 'retry-after': '3' }).end();
      return true;
    });
    await pushed();
    expect(under.waits).to.have.length(2);
    for (const wait of under.waits) expect(wait).to.be.within(3000, 3500);
  });

  it('gives up after some attempts, and leaves nothing begun', async () => {
    fake.trouble = (request, response) => {
      if (request.method !== 'PATCH') return false;
      request.resume();
      response.writeHead(503).end();
      return true;
    };
    await refused('received unexpected HTTP status: 503');
    expect(sent('PATCH').length).to.be.within(2, 6);
    expect(sent('DELETE')).to.have.length(1);
  });

  it('sends credentials to nobody else: not along a redirect, not to where an upload is to go', async () => {
    const challenged: Trouble = (request, response) => {
      if (request.headers.authorization === basic) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    let redirects = 0;
    fake.trouble = (request, response, uploads) => {
      if (challenged(request, response, uploads)) return true;
      if (request.method === 'HEAD' && redirects++ === 0) {
        response.writeHead(307, { location: `http://${other.host}${request.url}` }).end();
        return true;
      }
      if (request.method !== 'POST') return false;
      response.writeHead(202, { location: `http://${other.host}/v2/a/b/blobs/uploads/there` }).end();
      return true;
    };
    other.trouble = (request, response) => {
      request.resume();
      // Whoever asks there for a password gets none.
      if (request.method === 'HEAD') response.writeHead(404).end();
      else {
        const challenge = `Basic realm="y", Bearer realm="http://${other.host}/token"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
      return true;
    };
    const { lines } = await push(auth);
    expect(lines.at(-1)?.error).to.equal('unauthorized: authentication required');
    expect(other.requests.length).to.be.greaterThan(1);
    for (const { headers } of other.requests) expect(headers.authorization).to.equal(undefined);
    expect(fake.requests.some(({ headers }) => headers.authorization === basic)).to.equal(true);
  });

  it('asks the token server for more when a repository to mount from needs it', async () => {
    const scopes: (string[] | undefined)[] = [];
    fake.trouble = (request, response) => {
      const url = new URL(request.url ?? '', `http://${fake.host}`);
      if (url.pathname === '/token') {
        scopes.push(url.searchParams.getAll('scope'));
        response.end(JSON.stringify({ token: `t${scopes.length}` }));
        return true;
      }
      if (request.headers.authorization?.startsWith('Bearer t') === true) return false;
      const scope = 'repository:a/b:pull,push repository:c/d:pull';
      const challenge = `Bearer realm="http://${fake.host}/token",service="s",scope="${scope}"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
    await pushed();
    expect(scopes).to.deep.equal([['repository:a/b:pull,push', 'repository:c/d:pull']]);
  });

  it('cancels what it has begun when the client goes', async () => {
    const reached = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<void>();
    fake.trouble = (request) => {
      if (request.method === 'DELETE') cancelled.resolve();
      if (request.method !== 'PATCH') return false;
      request.resume();
      reached.resolve();
      return true; // and never answers
    };
    const client = httpRequest({
      socketPath: `${under.directory}/api.sock`,
      method: 'POST',
      path: `/images/${fake.host}/a/b/push?tag=1`,
    });
    client.on('error', () => 'it is the test that ends it');
    client.on('response', (response) => response.resume());
    client.end();
    await reached.promise;
    client.destroy();
    await cancelled.promise;
    expect(fake.manifests.size).to.equal(0);
  });
});
