import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import { EngineClient } from '../../../src/cli/engine-client/client.ts';
import type { Terminal } from '../../../src/cli/streams/terminal.ts';

/** What an engine would say to one `docker run`. */
export interface Script {
  /** The error that `POST /containers/ID/start` answers with; without it the container runs. */
  readonly startError?: string | undefined;
  readonly createError?: { readonly status: number; readonly message: string } | undefined;
  /** The container's exit status. */
  readonly exitCode?: number | undefined;
}

export interface ScriptedEngine {
  readonly client: EngineClient;
  close(): Promise<void>;
}

/** An HTTP server on a unix socket that plays an engine; for the client's side of the API. */
export async function startScriptedEngine(script: Script): Promise<ScriptedEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-scripted-'));
  const path = join(directory, 'engine.sock');
  const started = Promise.withResolvers<void>();
  let attached: Duplex | undefined;
  const server: Server = createServer((request, response) => {
    request.resume();
    const send = (status: number, body?: unknown): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    const route = `${request.method} ${request.url?.replace(/^\/v[\d.]+|\?.*$/g, '')}`;
    switch (route) {
      case 'POST /containers/create':
        if (script.createError === undefined) send(201, { Id: 'c0ffee', Warnings: null });
        else send(script.createError.status, { message: script.createError.message });
        break;
      case 'POST /containers/c0ffee/start':
        if (script.startError !== undefined) {
          send(400, { message: script.startError });
          break;
        }
        send(204);
        attached?.end();
        started.resolve();
        break;
      case 'POST /containers/c0ffee/wait':
        // The headers go at once, as the engine's do: the client starts the container after them.
        response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
        void started.promise.then(() =>
          response.end(JSON.stringify({ StatusCode: script.exitCode ?? 0, Error: null })),
        );
        break;
      default:
        send(404, { message: `no script for ${route}` });
    }
  });
  server.on('upgrade', (_request, socket) => {
    attached = socket;
    socket.on('error', () => socket.destroy());
    socket.write(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
    );
  });
  server.listen(path);
  await once(server, 'listening');
  const client = new EngineClient(async () => {
    const socket = connect(path);
    await once(socket, 'connect');
    return socket;
  });
  return {
    client,
    async close() {
      client.close();
      attached?.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
}

/** A terminal that isn't one, with nothing to read. */
export function pipedTerminal(): Terminal {
  const stdin = new PassThrough();
  stdin.end();
  return {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: new PassThrough() as unknown as NodeJS.WriteStream,
    stderr: new PassThrough() as unknown as NodeJS.WriteStream,
  };
}
