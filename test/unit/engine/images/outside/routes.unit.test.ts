import { expect } from 'chai';
import { once } from 'node:events';
import { createServer as createPlainServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { outsideOf, type OutsideSettings } from '../../../../../src/engine/images/outside/outside.ts';
import {
  RegistryTransportError,
  RegistryUnreachable,
} from '../../../../../src/engine/images/registry/errors.ts';
import { TIMEOUTS, Transport } from '../../../../../src/engine/images/registry/transport.ts';
import { makeAuthority } from '../../../../helpers/certificates.ts';
import { startProxy, type ProxyOptions, type TestProxy } from '../../../../helpers/proxy.ts';

describe('the transport’s way out', () => {
  const authority = makeAuthority();
  const stops: (() => void | Promise<void>)[] = [];
  const never = new AbortController().signal;
  const trusted = { all: [authority.cert], hosts: {} };

  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  async function serve(server: Server | ReturnType<typeof createPlainServer>): Promise<number> {
    server.on('request', (request, response) => response.end(`${request.headers.host} ${request.url}`));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }
  const secure = (...names: string[]) => serve(createServer(authority.issue(names)));
  const proxied = async (options: ProxyOptions): Promise<TestProxy> => {
    const proxy = await startProxy(options);
    stops.push(() => proxy.stop());
    return proxy;
  };
  const transport = (settings: OutsideSettings, connectMs = 15_000): Transport => {
    const made = new Transport({ ...TIMEOUTS, connectMs }, outsideOf(settings));
    stops.push(() => made.close());
    return made;
  };
  const get = async (
    through: Transport,
    url: string,
    more: { registry?: string; signal?: AbortSignal } = {},
  ) => text(await through.request({ url: new URL(url), insecure: false, signal: never, ...more }));
  const failing = async (work: Promise<string>): Promise<RegistryTransportError> =>
    await work.then(
      (answer) => expect.fail(answer),
      (error: unknown) => error as RegistryTransportError,
    );

  it('says docker’s words for a certificate by an unknown authority, and what to do next', async () => {
    const port = await secure('127.0.0.1');
    const failure = await failing(
      get(transport({ machineName: 'm' }), `https://127.0.0.1:${port}/v2/a/manifests/1`),
    );
    expect(failure).to.be.instanceOf(RegistryTransportError).and.include({ passing: false });
    expect(failure.message).to.equal(
      `Get "https://127.0.0.1:${port}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority (to trust its authority: wherry machine set m --engine-ca-add FILE --restart)`,
    );
  });

  it('trusts an authority that it was given, for all or for one registry; names and dates still count', async () => {
    const port = await secure('127.0.0.1');
    const url = `https://127.0.0.1:${port}/x`;
    expect(await get(transport({ certificates: trusted }), url)).to.equal(`127.0.0.1:${port} /x`);
    const one = transport({ certificates: { all: [], hosts: { 'r:1': [authority.cert] } } });
    expect((await failing(get(one, url))).message).to.contain('unknown authority');
    expect(await get(one, url, { registry: 'r:1' })).to.equal(`127.0.0.1:${port} /x`);
    expect((await failing(get(one, url))).message).to.contain('unknown authority');

    const other = await secure('other.test');
    const wrong = await failing(get(transport({ certificates: trusted }), `https://127.0.0.1:${other}/x`));
    expect(wrong.message)
      .to.match(/x509: .*127\.0\.0\.1/)
      .and.not.contain('machine set');
    const old = await serve(createServer(authority.issue(['127.0.0.1'], { from: -9, to: -2 })));
    expect(
      (await failing(get(transport({ certificates: trusted }), `https://127.0.0.1:${old}/`))).message,
    ).to.contain('x509: certificate has expired');
  });

  it('asks a proxy in absolute form for HTTP, with its password in the header alone', async () => {
    const port = await serve(createPlainServer());
    const proxy = await proxied({ ports: { 'r.test:80': port } });
    const through = transport({ proxy: { http: `http://me:s3cret@127.0.0.1:${proxy.port}` } });
    expect(await get(through, 'http://r.test/v2/?a=b')).to.equal('r.test /v2/?a=b');
    expect(proxy.asked).to.deep.equal(['GET http://r.test/v2/?a=b']);
    expect(proxy.authorizations).to.deep.equal([`Basic ${Buffer.from('me:s3cret').toString('base64')}`]);
  });

  it('makes one tunnel for HTTPS and keeps it', async () => {
    const port = await secure('r.test');
    const proxy = await proxied({ ports: { 'r.test:443': port } });
    const through = transport({
      proxy: { https: `http://me:s3cret@127.0.0.1:${proxy.port}` },
      certificates: trusted,
    });
    expect(await get(through, 'https://r.test/1')).to.equal('r.test /1');
    expect(await get(through, 'https://r.test/2')).to.equal('r.test /2');
    expect(proxy.asked).to.deep.equal(['CONNECT r.test:443']);
    expect(proxy.authorizations).to.deep.equal([`Basic ${Buffer.from('me:s3cret').toString('base64')}`]);
    const stranger = transport({ proxy: { https: `127.0.0.1:${proxy.port}` } });
    expect((await failing(get(stranger, 'https://r.test/1'))).message).to.match(
      /^Get "https:\/\/r\.test\/1": tls: /,
    );
  });

  it('speaks TLS to a proxy, by the same authorities', async () => {
    const port = await secure('r.test');
    const plain = await serve(createPlainServer());
    const proxy = await proxied({
      tls: authority.issue(['127.0.0.1']),
      ports: { 'r.test:443': port, 'r.test:80': plain },
    });
    const address = `https://127.0.0.1:${proxy.port}`;
    const through = transport({ proxy: { http: address, https: address }, certificates: trusted });
    expect(await get(through, 'https://r.test/1')).to.equal('r.test /1');
    expect(await get(through, 'http://r.test/2')).to.equal('r.test /2');
    const stranger = transport({ proxy: { https: address } });
    expect((await failing(get(stranger, 'https://r.test/1'))).message).to.contain(
      'proxyconnect tcp: tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
  });

  it('tells a proxy’s refusal from its trouble, without the password', async () => {
    for (const [status, passing] of [
      [407, false],
      [403, false],
      [503, true],
    ] as const) {
      const proxy = await proxied({ refuseWith: status });
      const through = transport({ proxy: { https: `http://me:s3cret@127.0.0.1:${proxy.port}` } });
      const failure = await failing(get(through, 'https://r.test/v2/x'));
      expect(failure.message).to.equal(`Get "https://r.test/v2/": proxyconnect tcp: ${status} Refused`);
      expect(failure).to.include({ passing });
    }
  });

  it('says that the proxy is out of reach, or silent', async () => {
    const gone = transport({ proxy: { http: 'http://127.0.0.1:1', https: 'http://me:s3cret@127.0.0.1:1' } });
    for (const scheme of ['http', 'https']) {
      const failure = await failing(get(gone, `${scheme}://r.test/v2/`));
      expect(failure).to.be.instanceOf(RegistryUnreachable);
      expect(failure.message).to.equal(
        `Get "${scheme}://r.test/v2/": proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused`,
      );
    }
    const silent = await proxied({ silent: true });
    const slow = transport({ proxy: { https: `127.0.0.1:${silent.port}` } }, 50);
    expect((await failing(get(slow, 'https://r.test/v2/'))).message).to.contain(
      'proxyconnect tcp: dial tcp: i/o timeout',
    );
  });

  it('breaks off while a tunnel is being made', async () => {
    const silent = await proxied({ silent: true });
    const through = transport({ proxy: { https: `127.0.0.1:${silent.port}` } });
    const stop = new AbortController();
    const work = get(through, 'https://r.test/v2/', { signal: stop.signal });
    setImmediate(() => stop.abort(new Error('enough')));
    expect((await failing(work)).message).to.equal('enough');
  });
});
