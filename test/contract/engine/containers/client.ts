import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { FrameDecoder } from '../../../../src/protocol/streams/mux.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Parsed, where it is JSON. */
  readonly json: Record<string, unknown>;
}

export interface Streams {
  readonly socket: Socket;
  /** Resolves at the end of the stream: what came by stdout and by stderr. */
  readonly output: Promise<{ readonly stdout: string; readonly stderr: string }>;
}

/** A bare client of the Docker Engine API over a unix socket. */
export class Client {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { 'Content-Type': 'application/json' };
    const sent = request({ socketPath: this.#socketPath, method, path, headers });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const content = await text(response);
    const json: unknown = /^[{[]/.test(content) ? JSON.parse(content.trim()) : {};
    return { status: response.statusCode ?? 0, text: content, json: json as Record<string, unknown> };
  }

  /** The answer's body as it is. */
  async bytes(method: string, path: string): Promise<Buffer> {
    const sent = request({ socketPath: this.#socketPath, method, path });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return buffer(response);
  }

  /** A request that is answered by lines of progress. */
  async upload(path: string, body?: Buffer): Promise<{ readonly status: number; readonly text: string }> {
    const sent = request({ socketPath: this.#socketPath, method: 'POST', path });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, text: await text(response) };
  }

  /** A request whose body or answer is bytes. An answer that is cut short is an error. */
  async archive(
    method: string,
    path: string,
    body?: Buffer | Readable,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer; message: string }> {
    const sent = request({ socketPath: this.#socketPath, method, path });
    if (body instanceof Readable) body.pipe(sent);
    else sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const content = await buffer(response);
    const isJson = response.headers['content-type'] === 'application/json' && content.length > 0;
    const parsed = isJson ? (JSON.parse(content.toString()) as { message?: string }) : {};
    const { headers, statusCode = 0 } = response;
    return { status: statusCode, headers, body: content, message: parsed.message ?? '' };
  }

  /** Resolves when the header has come; the body's promise when the container has ended. */
  async waitFor(id: string, condition: string): Promise<{ readonly end: Promise<number> }> {
    return await new Promise((resolve, reject) => {
      const path = `/containers/${id}/wait?condition=${condition}`;
      const sent = request({ socketPath: this.#socketPath, method: 'POST', path }, (response) => {
        resolve({
          end: text(response).then((body) => (JSON.parse(body) as { StatusCode: number }).StatusCode),
        });
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  /** Takes the connection over as docker's CLI does. */
  async hijack(path: string, body = ''): Promise<Streams> {
    const socket = connect({ path: this.#socketPath, allowHalfOpen: true });
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    socket.write(head + body);
    const decoder = new FrameDecoder();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let header = '';
    const upgrade = Promise.withResolvers<void>();
    socket.once('error', upgrade.reject);
    socket.once('end', () => upgrade.reject(new Error(`not upgraded: ${header}`)));
    const output = new Promise<{ stdout: string; stderr: string }>((resolve) => {
      socket.once('end', () => {
        socket.end();
        resolve({ stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
      });
    });
    socket.on('data', (chunk: Buffer) => {
      let payload = chunk;
      if (!header.includes('\r\n\r\n')) {
        header += chunk.toString('latin1');
        const end = header.indexOf('\r\n\r\n');
        if (end < 0) return;
        payload = Buffer.from(header.slice(end + 4), 'latin1');
        header = header.slice(0, end + 4);
        if (header.startsWith('HTTP/1.1 101 UPGRADED\r\n')) upgrade.resolve();
        else socket.destroy(new Error(header));
      }
      for (const frame of decoder.push(payload)) (frame.stream === 1 ? stdout : stderr).push(frame.payload);
    });
    await upgrade.promise;
    return { socket, output };
  }

  /** Takes the connection over and closes it `turns` turns of the loop later without having read: a reset. */
  async vanish(method: string, path: string, turns: number, body = ''): Promise<void> {
    const socket = connect({ path: this.#socketPath });
    socket.on('error', () => undefined); // The other end may do the same.
    await once(socket, 'connect');
    socket.pause();
    const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n`;
    socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    for (let at = 0; at < turns; at += 1) await setImmediate();
    socket.destroy();
  }

  async create(body: object, query = ''): Promise<string> {
    const answer = await this.call('POST', `/containers/create${query}`, { Image: 'busybox', ...body });
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
    return String(answer.json['Id']);
  }

  /** `docker run`: create, attach, wait, start. */
  async run(
    cmd: readonly string[],
    options: { readonly config?: object; readonly host?: object; readonly stdin?: string } = {},
  ): Promise<{
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
    readonly start: Answer;
  }> {
    const interactive = options.stdin !== undefined;
    const id = await this.create({
      Cmd: cmd,
      OpenStdin: interactive,
      StdinOnce: interactive,
      ...options.config,
      HostConfig: { AutoRemove: true, NetworkMode: 'none', ...options.host },
    });
    const streams = await this.hijack(
      `/containers/${id}/attach?stream=1&stdout=1&stderr=1${interactive ? '&stdin=1' : ''}`,
    );
    const waiting = await this.waitFor(id, 'removed');
    if (interactive) streams.socket.end(options.stdin);
    const start = await this.call('POST', `/containers/${id}/start`);
    const [output, code] = await Promise.all([streams.output, waiting.end]);
    return { code, ...output, start };
  }

  /** `docker exec`. */
  async exec(
    id: string,
    cmd: readonly string[],
    stdin?: string,
    extra: object = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const config = {
      ...extra,
      Cmd: cmd,
      AttachStdin: stdin !== undefined,
      AttachStdout: true,
      AttachStderr: true,
    };
    const created = await this.call('POST', `/containers/${id}/exec`, config);
    const execId = String(created.json['Id']);
    const streams = await this.hijack(`/exec/${execId}/start`, '{"Detach":false,"Tty":false}');
    if (stdin !== undefined) streams.socket.end(stdin);
    const output = await streams.output;
    const { json } = await this.call('GET', `/exec/${execId}/json`);
    return { code: Number(json['ExitCode']), ...output };
  }
}
