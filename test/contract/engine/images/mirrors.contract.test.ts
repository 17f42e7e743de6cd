import { expect } from 'chai';
import { outsideOf } from '../../../../src/engine/images/outside/outside.ts';
import { TIMEOUTS, Transport } from '../../../../src/engine/images/registry/transport.ts';
import { file } from '../../../helpers/images/entries.ts';
import { makeAuthority } from '../../../helpers/certificates.ts';
import { startProxy } from '../../../helpers/proxy.ts';
import { startTlsFront } from '../../../helpers/tls-front.ts';
import { startFakeRegistry } from './fake-registry.ts';
import type { FakeRegistry, Misbehaviour } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const image = { entries: [file('x', 'x')] };

/** A mirror of Docker Hub that is of no use, and Docker Hub: a fake behind TLS, reached through a proxy by its name. */
describe('a mirror that fails', function () {
  this.timeout(120_000); // the first run may have to bring the tools
  const stops: (() => Promise<void>)[] = [];
  let hub: FakeRegistry;
  let transport: Transport;
  let hasty: Transport;
  let connects: readonly string[];

  before(async () => {
    const authority = makeAuthority();
    hub = await startFakeRegistry(image);
    const front = await startTlsFront(
      Number(hub.host.split(':')[1]),
      authority.issue(['registry-1.docker.io']),
    );
    const proxy = await startProxy({ ports: { 'registry-1.docker.io:443': front.port } });
    connects = proxy.asked;
    const outside = outsideOf({
      proxy: { https: `http://127.0.0.1:${proxy.port}` },
      certificates: { all: [], hosts: { 'registry-1.docker.io': [authority.cert] } },
    });
    transport = new Transport(TIMEOUTS, outside);
    hasty = new Transport({ ...TIMEOUTS, idleMs: 700 }, outside);
    stops.push(
      () => hub.stop(),
      () => front.stop(),
      () => proxy.stop(),
    );
  });
  after(async () => {
    transport?.close();
    hasty?.close();
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  let under: ImagesUnderTest;
  afterEach(() => under.close());
  const pullWith = async (mirror: string, way = transport) => {
    hub.requests.length = 0;
    const config = { registryMirrors: [mirror], insecureRegistries: [] };
    under = await startImages({ config, transport: way });
    const { lines, text } = await under.pull('test/image');
    expect(lines.at(-1)?.status, text).to.equal('Status: Downloaded newer image for test/image:1');
    expect(lines.filter(({ error }) => error !== undefined)).to.deep.equal([]);
  };

  it('isn’t there: Docker Hub is asked', async () => {
    await pullWith('http://127.0.0.1:1');
    expect(hub.requests.length).to.be.greaterThan(0);
    expect(connects).to.include('CONNECT registry-1.docker.io:443');
  });

  const manifests = ({ request }: { request: { url?: string | undefined } }) =>
    request.url?.includes('/manifests/') === true;
  const blobs = ({ request }: { request: { url?: string | undefined } }) =>
    request.url?.includes('/blobs/') === true;
  const answers =
    (status: number, headers: Record<string, string> = {}, body = ''): Misbehaviour =>
    ({ response }) => {
      response.writeHead(status, headers).end(body);
      return true;
    };
  const cases: readonly (readonly [string, Misbehaviour])[] = [
    ['says nothing', () => true],
    ['answers 500', answers(500)],
    ['answers 503 for a long time', answers(503, { 'retry-after': '3600' })],
    ['hasn’t got it (404)', answers(404, {}, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"m"}]}')],
    ['wants a password (401, Basic)', answers(401, { 'www-authenticate': 'Basic realm="x"' })],
    [
      'wants a token that nobody gives (401, Bearer)',
      answers(401, { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token",service="s"' }),
    ],
    ['refuses (403)', answers(403)],
    ['limits (429)', answers(429)],
    ['sends it elsewhere, to plain HTTP', answers(307, { location: 'http://192.0.2.1/v2/' })],
    ['answers with a page', answers(200, { 'content-type': 'text/html' }, '<p>Sign in</p>')],
    ['breaks off', ({ response }) => Boolean(response.destroy())],
    ['sends a wrong layer', (served) => blobs(served) && answers(200, {}, 'something else')(served)],
    ['loses the layer', (served) => !manifests(served) && answers(404)(served)],
  ];
  it('claims a layer that no disk takes: Docker Hub is asked', async () => {
    const mirror = await startFakeRegistry(image);
    try {
      const answer = await fetch(`${mirror.url}/v2/test/image/manifests/1`);
      const manifest = (await answer.json()) as { mediaType: string; layers: { size: number }[] };
      for (const layer of manifest.layers) layer.size = 2 ** 50;
      const claim = answers(200, { 'content-type': manifest.mediaType }, JSON.stringify(manifest));
      mirror.misbehave = (served) => manifests(served) && claim(served);
      await pullWith(mirror.url);
      expect(mirror.requests.some(({ url }) => url.includes('/blobs/'))).to.equal(true);
    } finally {
      await mirror.stop();
    }
  });

  for (const [what, misbehave] of cases) {
    it(`${what}: Docker Hub is asked, and soon`, async () => {
      const mirror = await startFakeRegistry(image);
      mirror.misbehave = misbehave;
      try {
        await pullWith(mirror.url, what === 'says nothing' ? hasty : transport);
        expect(mirror.requests).not.to.deep.equal([]);
        expect(hub.requests.some(({ url }) => url.includes('/blobs/'))).to.equal(true);
        for (const { url } of mirror.requests) {
          const times = mirror.requests.filter((other) => other.url === url).length;
          expect(times, url).to.be.at.most(2);
        }
      } finally {
        await mirror.stop();
      }
    });
  }
});
