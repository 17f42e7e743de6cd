import { expect } from 'chai';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { RegistrySession } from '../../../../src/engine/images/registry/session.ts';
import { Transport } from '../../../../src/engine/images/registry/transport.ts';

const { signal } = new AbortController();

async function serve(listener: RequestListener): Promise<{ server: Server; host: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('the transport to registries', () => {
  it('ends the connection of an upload that was refused before its end', async () => {
    const transport = new Transport();
    // Like a proxy that waits for the rest: it doesn't end the connection itself.
    const { server, host } = await serve((_request, response) => response.writeHead(401).end('no'));
    const ended = new Promise<void>((resolve) => {
      server.once('connection', (socket) => socket.once('close', () => resolve()));
    });
    const body = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(1024);
      await new Promise(() => undefined);
    };
    try {
      const response = await transport.request({
        url: new URL(`http://${host}/upload`),
        method: 'PATCH',
        headers: { 'content-length': '1000000' },
        body,
        insecure: true,
        signal,
      });
      expect([response.statusCode, await text(response)]).to.deep.equal([401, 'no']);
      await ended;
    } finally {
      transport.close();
      server.close();
      server.closeAllConnections();
    }
  });

  it('names a redirect to nowhere without its query, which may be a signature', async () => {
    const transport = new Transport();
    const { server, host } = await serve((request, response) => {
      const first = request.url?.includes('signature') !== true;
      response.writeHead(301, first ? { location: '/bucket?signature=secret' } : {}).end();
    });
    const session = new RegistrySession({
      transport,
      endpoint: { host, scheme: 'http', insecure: true, mirror: false },
      settings: { registryMirrors: [], insecureRegistries: [] },
      credentials: {},
      repository: 'a/b',
    });
    try {
      const failure = await session.get('blobs/x', {}, signal).then(String, String);
      expect(failure).to.include(`GET "http://${host}/bucket": a redirect that can't be followed`);
      expect(failure).not.to.include('secret');
    } finally {
      transport.close();
      server.close();
      server.closeAllConnections();
    }
  });
});
