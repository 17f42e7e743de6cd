import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { conflict } from '../../../../src/engine/errors.ts';
import type { Route } from '../../../../src/engine/api/route.ts';
import { createApiServer } from '../../../../src/engine/api/server.ts';
import type { ApiServer } from '../../../../src/engine/api/server.ts';

const aborted: string[] = [];
let endWait: (() => void) | undefined;

/** Echoes what the connection carries, in upper case, and says `bye` after the client's end. */
const echo: Route['handle'] = async (req, res) => {
  const body = req.method === 'POST' ? await req.json() : undefined;
  if (req.params['id'] === 'none') throw conflict('container none is not running');
  const stream = res.hijack('application/vnd.docker.multiplexed-stream');
  if (body !== undefined) stream.write(`body=${JSON.stringify(body)}\n`);
  stream.on('data', (chunk: Buffer) => stream.write(chunk.toString().toUpperCase()));
  stream.on('end', () => stream.end('bye'));
};

const routes: Route[] = [
  { method: 'POST', path: '/containers/{id}/attach', handle: echo },
  { method: 'POST', path: '/exec/{id}/start', handle: echo },
  { method: 'GET', path: '/version', handle: (_req, res) => res.json(200, { ok: true }) },
  { method: 'POST', path: '/containers/create', handle: async (req, res) => res.json(201, await req.json()) },
  { method: 'POST', path: '/containers/{id}/stop', handle: (_req, res) => res.empty(304) },
  {
    method: 'POST',
    path: '/containers/{id}/wait',
    handle: async (req, res) => {
      const stream = res.stream(200, 'application/json');
      req.signal.addEventListener('abort', () => aborted.push(req.params['id'] ?? ''));
      await new Promise<void>((resolve) => (endWait = resolve));
      stream.end('{"StatusCode":3}\n');
    },
  },
];

describe('the API server', () => {
  let directory: string;
  let socketPath: string;
  let server: ApiServer;
  const logged: string[] = [];

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-api-'));
    socketPath = join(directory, 'api.sock');
    server = createApiServer({ routes, version: '9.9', log: (_level, message) => logged.push(message) });
    await server.listen(socketPath);
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  const open = async (): Promise<{
    socket: Socket;
    until: (text: string) => Promise<string>;
    ended: Promise<string>;
  }> => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    await once(socket, 'connect');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    const ended = once(socket, 'end').then(() => text);
    const until = async (wanted: string): Promise<string> => {
      while (!text.includes(wanted)) await once(socket, 'data');
      return text;
    };
    return { socket, until, ended };
  };

  it('listens owner-only', () => {
    expect(statSync(socketPath).mode & 0o777).to.equal(0o600);
  });

  it('answers with the headers that clients read, and keeps the connection', async () => {
    const { socket, until } = await open();
    socket.write('GET /v1.44/version HTTP/1.1\r\nHost: x\r\n\r\n');
    const text = await until('{"ok":true}\n');
    expect(text).to.match(/^HTTP\/1\.1 200 OK\r\n/);
    for (const header of [
      'Api-Version: 1.51',
      'Docker-Experimental: false',
      'Ostype: linux',
      'Content-Type: application/json',
    ]) {
      expect(text).to.include(`${header}\r\n`);
    }
    socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await until('page not found')).to.include('HTTP/1.1 404 Not Found');
    socket.write('POST /containers/x/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await until('HTTP/1.1 304');
    socket.destroy();
  });

  it('answers a client that has closed its half', async () => {
    const { socket, ended } = await open();
    socket.end('GET /version HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await ended).to.include('{"ok":true}');
  });

  const post = async (body: string): Promise<number | undefined> => {
    const req = request({ socketPath, path: '/containers/create', method: 'POST' });
    // The server may answer and close before it has read everything.
    req.on('error', () => undefined);
    const answered = once(req, 'response') as Promise<[{ statusCode?: number; resume(): void }]>;
    req.end(body);
    const [response] = await answered;
    response.resume();
    return response.statusCode;
  };

  it('refuses a body over the bound and one that is not JSON', async () => {
    expect(await post('{"a":')).to.equal(400);
    expect(await post(`"${'x'.repeat(4 * 1024 * 1024)}"`)).to.equal(400);
    expect(await post('{"a":1}')).to.equal(201);
  });

  it('sends a stream’s head at once and tells the handler when the client goes', async () => {
    const { socket, until } = await open();
    socket.write('POST /containers/w1/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await until('\r\n\r\n');
    endWait?.();
    await until('{"StatusCode":3}');
    expect(aborted).to.deep.equal([]);
    socket.write('POST /containers/w2/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await until('HTTP/1.1 200 OK');
    socket.destroy();
    while (!aborted.includes('w2')) await new Promise((resolve) => setImmediate(resolve));
    endWait?.();
  });

  const upgraded =
    'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';
  const plain = 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n';
  const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

  for (const [what, headers, head] of [
    ['with Upgrade', upgrade, upgraded],
    ['without Upgrade', '', plain],
  ] as const) {
    describe(`hijack ${what}`, () => {
      it('is raw both ways and half-open', async () => {
        const { socket, until, ended } = await open();
        socket.write(
          `POST /v1.50/containers/a/attach?stream=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\n`,
        );
        expect(await until('\r\n\r\n')).to.equal(head);
        socket.write('GET / HTTP/1.1\r\n');
        await until('GET / HTTP/1.1\r\n');
        socket.end('last');
        expect(await ended).to.equal(`${head}GET / HTTP/1.1\r\nLASTbye`);
      });

      it('keeps bytes that came with the request', async () => {
        const { socket, ended } = await open();
        socket.end(
          `POST /containers/a/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\nhello\n`,
        );
        expect(await ended).to.equal(`${head}HELLO\nbye`);
      });

      it('reads a JSON body first, in one packet with input or in pieces', async () => {
        const start = `POST /exec/a/start HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n${headers}\r\n`;
        const one = await open();
        one.socket.end(`${start}{"Tty": false}in`);
        expect(await one.ended).to.equal(`${head}body={"Tty":false}\nINbye`);
        const two = await open();
        two.socket.write(start);
        await new Promise((resolve) => setTimeout(resolve, 20));
        two.socket.write('{"Tty": ');
        await new Promise((resolve) => setTimeout(resolve, 20));
        two.socket.write('false}in');
        await two.until('IN');
        two.socket.end();
        expect(await two.ended).to.equal(`${head}body={"Tty":false}\nINbye`);
      });

      it('answers errors as JSON', async () => {
        const { socket, ended } = await open();
        socket.write(
          `POST /containers/none/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\n`,
        );
        const text = await ended;
        expect(text).to.match(/^HTTP\/1\.1 409 Conflict\r\nApi-Version: 1\.51\r\n/);
        expect(text).to.include('{"message":"container none is not running"}');
      });
    });
  }

  it('ignores Upgrade where nothing can be taken over', async () => {
    const { socket, until } = await open();
    socket.write(`GET /version HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
    await until('{"ok":true}');
    socket.destroy();
  });

  it('refuses what is no HTTP', async () => {
    const { socket, ended } = await open();
    socket.write('SSH-2.0-x\r\n\r\n');
    expect(await ended).to.include('400 Bad Request');
  });
});
