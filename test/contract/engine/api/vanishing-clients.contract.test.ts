import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { attachHandler } from '../../../../src/engine/api/containers/attach.ts';
import { containerHandlers } from '../../../../src/engine/api/containers/handlers.ts';
import { logsHandler } from '../../../../src/engine/api/containers/logs.ts';
import { ProgressStream } from '../../../../src/engine/api/images/progress-stream.ts';
import type { Route } from '../../../../src/engine/api/route.ts';
import { createApiServer } from '../../../../src/engine/api/server.ts';
import type { ApiServer } from '../../../../src/engine/api/server.ts';
import { streamEvents } from '../../../../src/engine/api/system/events.ts';
import { layoutOf } from '../../../../src/engine/containers/context.ts';
import type { ContainersContext } from '../../../../src/engine/containers/context.ts';
import type { ContainerRecord } from '../../../../src/engine/containers/model.ts';
import { ContainerEntry, ContainerRegistry } from '../../../../src/engine/containers/registry.ts';
import { EventBus } from '../../../../src/engine/events.ts';
import { spoolArchive } from '../../../../src/engine/images/archive/spool.ts';

const ID = 'a'.repeat(64);
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
/** How many sockets this process has open, by proc_pid_fd(5). */
function sockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch (error) {
      // Closed since, as the descriptor is that reads the directory.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
  }).length;
}

/** More than a socket and the stream before it hold. */
const LOG_LINES = 40_000;

/**
 * Clients reset their connection at every moment of every route that streams or is taken over. An error without a
 * listener would be an uncaught exception, which ends the engine (and here fails the test).
 */
describe('clients that vanish', () => {
  let directory: string;
  let socketPath: string;
  let server: ApiServer;
  let entry: ContainerEntry;
  const events = new EventBus();
  const logged: string[] = [];
  /** Handlers that have begun and not ended. */
  let busy = 0;
  /** Sockets open when no client is there. */
  let idle = 0;

  const tracked = (route: Route): Route => ({
    ...route,
    handle: async (request, response) => {
      busy += 1;
      try {
        await route.handle(request, response);
      } finally {
        busy -= 1;
      }
    },
  });

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-gone-'));
    socketPath = join(directory, 'api.sock');
    const layout = layoutOf(join(directory, 'data'), join(directory, 'run'));
    mkdirSync(join(layout.containers, ID), { recursive: true });
    mkdirSync(join(directory, 'spool'));
    const line = `2026-11-21T23:19:39.206054831+00:00 stdout F ${'x'.repeat(100)}\n`;
    writeFileSync(join(layout.containers, ID, 'container.log'), line.repeat(LOG_LINES));
    const registry = new ContainerRegistry();
    entry = new ContainerEntry({
      recordVersion: 1,
      id: ID,
      name: 'one',
      config: { Tty: false, OpenStdin: true, StdinOnce: true, Labels: {}, Image: 'x', Env: [] },
      hostConfig: {},
      state: { status: 'created' },
    } as unknown as ContainerRecord);
    registry.add(entry);
    const context = { registry, layout, events } as unknown as ContainersContext;
    const routes: Route[] = [
      { method: 'GET', path: '/version', handle: (_request, response) => response.json(200, { ok: true }) },
      {
        method: 'GET',
        path: '/late',
        handle: (_request, response) => {
          const stream = response.stream(200, 'text/plain');
          stream.end('all');
          stream.write('too late');
        },
      },
      { method: 'POST', path: '/containers/{id}/attach', handle: attachHandler(context) },
      { method: 'GET', path: '/containers/{id}/logs', handle: logsHandler(context) },
      { method: 'POST', path: '/containers/{id}/wait', handle: containerHandlers(context).wait },
      {
        method: 'POST',
        path: '/exec/{id}/start',
        handle: async (request, response) => {
          await request.json();
          const stream = response.hijack('application/vnd.docker.multiplexed-stream');
          const closed = entry.hub.add(stream, { stdin: false, stdout: true, stderr: true });
          stream.resume(); // As the hub does, once it is connected.
          for (let at = 0; at < 50 && !stream.closed; at += 1) {
            stream.write(Buffer.alloc(10_000));
            await turn();
          }
          stream.end();
          await closed;
        },
      },
      {
        method: 'GET',
        path: '/events',
        handle: async (request, response) => {
          const chatter = setInterval(() => events.publish('daemon', 'chat', 'x'), 1);
          await streamEvents(events, request, response).finally(() => clearInterval(chatter));
        },
      },
      {
        method: 'POST',
        path: '/images/create',
        handle: async (request, response) => {
          const stream = new ProgressStream(response);
          await stream.run(async () => {
            for (let at = 0; at < 50; at += 1) {
              request.signal.throwIfAborted();
              stream.write({ status: 'x'.repeat(10_000) });
              await turn();
            }
          });
        },
      },
      {
        method: 'POST',
        path: '/images/load',
        handle: async (request, response) => {
          await new ProgressStream(response).run(async () => {
            await spoolArchive(request.raw as AsyncIterable<Buffer>, join(directory, 'spool'));
          });
        },
      },
    ];
    server = createApiServer({
      routes: routes.map(tracked),
      version: '9',
      log: (_level, message) => logged.push(message),
    });
    await server.listen(socketPath);
    idle = sockets();
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  const open = async (): Promise<Socket> => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    // The other end resets it too.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };

  const settled = async (what = ''): Promise<void> => {
    // A container that hasn't started reads nothing from its clients; its start or its removal finds out.
    if (what === 'attach') entry.hub.close();
    const limit = Date.now() + 3000;
    const over = (): boolean => busy === 0 && sockets() <= idle;
    while (!over() && Date.now() < limit) await turn();
    expect(busy, 'handlers that wait for a client that has gone').to.equal(0);
    expect(sockets(), 'sockets, with those of clients that have gone').to.be.at.most(idle);
    // Errors come a few turns of the loop later than what caused them.
    for (let at = 0; at < 20; at += 1) await turn();
    const socket = await open();
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    socket.write('GET /version HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await answered;
    expect(answer.toString()).to.include('HTTP/1.1 200 OK');
    socket.destroy();
    await once(socket, 'close');
  };

  const CUT = 200;
  const json = '{"Detach":false}';
  const requests: Record<string, string> = {
    'attach with logs': `POST /containers/one/attach?logs=1&stream=1&stdout=1&stdin=1 HTTP/1.1\r\n${UPGRADE}`,
    'attach with logs, no Upgrade': 'POST /containers/one/attach?logs=1&stream=1&stdout=1 HTTP/1.1\r\n',
    'attach with logs only': `POST /containers/one/attach?logs=1&stdout=1 HTTP/1.1\r\n${UPGRADE}`,
    'attach with neither': `POST /containers/one/attach HTTP/1.1\r\n${UPGRADE}`,
    attach: `POST /containers/one/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n${UPGRADE}`,
    'attach to nothing': `POST /containers/none/attach HTTP/1.1\r\n${UPGRADE}`,
    exec: `POST /exec/x/start HTTP/1.1\r\n${UPGRADE}Content-Length: ${json.length}\r\n`,
    'exec, no Upgrade': `POST /exec/x/start HTTP/1.1\r\nContent-Length: ${json.length}\r\n`,
    wait: 'POST /containers/one/wait?condition=next-exit HTTP/1.1\r\n',
    logs: 'GET /containers/one/logs?stdout=1 HTTP/1.1\r\n',
    'logs followed': 'GET /containers/one/logs?stdout=1&follow=1 HTTP/1.1\r\n',
    events: 'GET /events HTTP/1.1\r\n',
    pull: 'POST /images/create HTTP/1.1\r\n',
    load: `POST /images/load HTTP/1.1\r\nContent-Length: 100000\r\n`,
  };

  for (const [what, head] of Object.entries(requests)) {
    const request = `${head}Host: x\r\n\r\n${what.startsWith('exec') ? json : ''}${what === 'load' ? 'x'.repeat(CUT) : ''}`;

    it(`${what}: at once, or after a few turns of the loop`, async () => {
      for (let turns = 0; turns < 12; turns += 1) {
        const socket = await open();
        socket.pause(); // What it hasn't read makes its close a reset.
        socket.write(request);
        for (let at = 0; at < turns; at += 1) await turn();
        socket.destroy();
      }
      await settled(what);
    });

    it(`${what}: in the middle of the request`, async () => {
      for (const part of [0.3, 0.7, 0.95]) {
        const socket = await open();
        socket.write(request.slice(0, Math.floor(request.length * part)));
        await turn();
        socket.destroy();
      }
      await settled(what);
    });

    it(`${what}: with more input on its way`, async () => {
      const socket = await open();
      socket.write(request);
      for (let at = 0; at < 5; at += 1) {
        socket.write('more input\n');
        await turn();
      }
      socket.destroy();
      await settled(what);
    });

    if (what === 'load') continue; // It answers when it has everything.
    it(`${what}: when the answer has begun`, async () => {
      for (const wait of [0, 20]) {
        const socket = await open();
        socket.write(request);
        await once(socket, 'data');
        socket.pause();
        // Until the engine has filled every buffer and waits.
        await new Promise((resolve) => setTimeout(resolve, wait));
        socket.destroy();
      }
      await settled(what);
    });
  }

  it('goes with its own end too, where the engine has ended the connection before', async () => {
    for (const what of ['attach to nothing', 'attach with neither', 'exec']) {
      const socket = await open();
      socket.write(`${requests[what]}Host: x\r\n\r\n${json}`);
      socket.resume();
      await once(socket, 'end');
      socket.end();
    }
    await settled();
  });

  it('are no worse than a handler that writes after the end', async () => {
    const socket = await open();
    socket.write('GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    socket.resume();
    await once(socket, 'end');
    socket.end();
    await settled();
    expect(logged).to.include('an answer failed');
  });
});
