import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

const CTRL_P = '\u0010';
const CTRL_Q = '\u0011';

/** A taken-over connection whose output is one text, a terminal's. */
class RawSession {
  readonly socket: Socket;
  seen = '';
  readonly ended: Promise<void>;

  constructor(socketPath: string, path: string, body = '') {
    this.socket = connect({ path: socketPath, allowHalfOpen: true });
    const length = Buffer.byteLength(body);
    this.socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${length}\r\n\r\n${body}`,
    );
    this.socket.on('data', (chunk: Buffer) => (this.seen += chunk.toString()));
    this.ended = once(this.socket, 'end').then(() => undefined);
  }

  async sees(text: string): Promise<void> {
    while (!this.seen.includes(text)) await once(this.socket, 'data');
  }
}

/** Attach and exec with the real conmon and crun. Linux, as root. */
describe("containers' streams", () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  const start = async (cmd: readonly string[], config: object = {}): Promise<string> => {
    const id = await client.create({ Cmd: cmd, ...config, HostConfig: { NetworkMode: 'none' } });
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    return id;
  };
  const remove = async (id: string): Promise<void> => {
    expect((await client.call('DELETE', `/containers/${id}?force=1`)).status).to.equal(204);
  };
  const isRunning = async (id: string): Promise<unknown> =>
    ((await client.call('GET', `/containers/${id}/json`)).json['State'] as { Running: unknown }).Running;
  const happened = async (action: string): Promise<boolean> =>
    (await client.call('GET', '/test/events')).text.includes(`"Action":"${action}"`);
  const attach = (id: string, query = ''): RawSession =>
    new RawSession(sandbox.socketPath, `/containers/${id}/attach?stream=1&stdin=1&stdout=1${query}`);

  it('end for the client that types the detach keys; the container goes on', async () => {
    const id = await start(['cat'], { Tty: true, OpenStdin: true });
    const first = attach(id);
    first.socket.write('one\n');
    await first.sees('one\r\none\r\n');
    first.socket.write(`x${CTRL_P}`);
    first.socket.write(CTRL_Q);
    await first.ended;
    const second = attach(id, '&detachKeys=ctrl-a,b');
    second.socket.write(`${CTRL_P}${CTRL_Q}\n`);
    await second.sees('^P');
    second.socket.write('\u0001b');
    await second.ended;
    first.socket.destroy();
    second.socket.destroy();
    expect(await isRunning(id)).to.equal(true);
    expect(await happened('detach')).to.equal(true);
    const odd = await client.call('POST', `/containers/${id}/attach?stream=1&detachKeys=ctrl-`);
    expect(odd.status).to.equal(400);
    expect(odd.json['message']).to.equal('Invalid detach keys (ctrl-) provided');
    await remove(id);
  });

  it('of an exec end alike, and its command goes on', async () => {
    const id = await start(['sleep', '1000']);
    const config = { Cmd: ['cat'], Tty: true, AttachStdin: true, AttachStdout: true, DetachKeys: 'q' };
    const { json } = await client.call('POST', `/containers/${id}/exec`, config);
    const execId = String(json['Id']);
    const session = new RawSession(sandbox.socketPath, `/exec/${execId}/start`, '{"Tty":true}');
    session.socket.write('one\n');
    await session.sees('one\r\none\r\n');
    expect((await client.call('POST', `/exec/${execId}/resize?h=11&w=77`)).status).to.equal(200);
    session.socket.write('q');
    await session.ended;
    session.socket.destroy();
    const state = await client.call('GET', `/exec/${execId}/json`);
    expect(state.json).to.include({ Running: true, DetachKeys: Buffer.from('q').toString('base64') });
    expect(await happened('exec_detach')).to.equal(true);
    const odd = await client.call('POST', `/containers/${id}/exec`, { ...config, DetachKeys: 'ab' });
    expect(odd.status).to.equal(400);
    expect(odd.json['message']).to.match(/^Invalid escape keys \(ab\) provided/);
    await remove(id);
  });

  it('know no detach keys without a terminal', async () => {
    const result = await client.run(['od', '-An', '-c'], { stdin: `${CTRL_P}${CTRL_Q}` });
    expect(result.stdout.trim()).to.match(/^020 +021$/);
  });

  it("are the terminal's, in the size that it was given", async () => {
    const id = await start(['sh'], { Tty: true, OpenStdin: true });
    const session = attach(id);
    expect((await client.call('POST', `/containers/${id}/resize?h=21&w=87`)).status).to.equal(200);
    session.socket.write('stty size; echo done $((1+1)); exit 3\n');
    await session.sees('done 2');
    expect(session.seen).to.include('21 87');
    await session.ended;
    session.socket.destroy();
    expect((await client.call('POST', `/containers/${id}/wait`)).json['StatusCode']).to.equal(3);
    await remove(id);
  });

  it("of a client that vanishes end the process's input where it was promised to be its own", async () => {
    const id = await start(['sh', '-c', 'head -c 300000 /dev/zero; cat > /tmp/in'], {
      OpenStdin: true,
      StdinOnce: true,
    });
    const { socket } = attach(id);
    socket.pause();
    socket.write('half a line');
    const { text } = await client.call('GET', `/containers/${id}/json`);
    expect(text).to.include('"Running":true');
    while (
      !(await client.call('GET', '/test/events')).text.includes(`"Action":"attach","Actor":{"ID":"${id}"`)
    );
    socket.destroy();
    expect((await client.call('POST', `/containers/${id}/wait`)).json['StatusCode']).to.equal(0);
    await remove(id);
  });

  it('stay open for the next client where the input was not promised to the first', async () => {
    const id = await start(['cat'], { OpenStdin: true });
    for (const word of ['one', 'two']) {
      const session = await client.hijack(`/containers/${id}/attach?stream=1&stdin=1&stdout=1`);
      session.socket.write(`${word}\n`);
      await once(session.socket, 'data');
      session.socket.end();
      expect((await session.output).stdout).to.equal(`${word}\n`);
    }
    expect(await isRunning(id)).to.equal(true);
    await remove(id);
  });

  it('exec: what cannot run says so, as docker does', async () => {
    const id = await start(['sleep', '1000']);
    const detached = await client.call('POST', `/containers/${id}/exec`, { Cmd: ['sh', '-c', 'exit 7'] });
    const execId = String(detached.json['Id']);
    expect((await client.call('POST', `/exec/${execId}/start`, { Detach: true })).status).to.equal(200);
    let state = (await client.call('GET', `/exec/${execId}/json`)).json;
    while (state['Running'] === true) state = (await client.call('GET', `/exec/${execId}/json`)).json;
    expect(state).to.include({ ExitCode: 7, Running: false, ContainerID: id });
    const again = await client.call('POST', `/exec/${execId}/start`, { Detach: true });
    expect(again.status).to.equal(409);

    await client.call('POST', `/containers/${id}/pause`);
    const paused = await client.call('POST', `/containers/${id}/exec`, { Cmd: ['true'] });
    expect([paused.status, paused.json['message']]).to.deep.equal([
      409,
      `container ${id} is paused, unpause the container before exec`,
    ]);
    const attached = await client.call('POST', `/containers/${id}/attach?stream=1`);
    expect([attached.status, attached.json['message']]).to.deep.equal([
      409,
      `container ${id} is paused, unpause the container before attach`,
    ]);
    await client.call('POST', `/containers/${id}/unpause`);
    await client.call('POST', `/containers/${id}/kill`);
    await client.call('POST', `/containers/${id}/wait`);
    const stopped = await client.call('POST', `/containers/${id}/exec`, { Cmd: ['true'] });
    expect([stopped.status, stopped.json['message']]).to.deep.equal([409, `container ${id} is not running`]);
    await remove(id);
  });
});
