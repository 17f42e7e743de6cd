import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { FlowTable } from '../../../src/agent/ports/datagrams.ts';
import { createRelayForwards } from '../../../src/agent/ports/relay-forwards.ts';
import { openDatagramRelay } from '../../../src/engine/ports/datagram-relay.ts';
import { FrameReader, encodeFrame, FLOW_IDLE_MS, MAX_FLOWS } from '../../../src/protocol/agent/datagrams.ts';
import { freePort } from '../../helpers/free-port.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

async function dial(where: number | string): Promise<Socket> {
  const socket =
    typeof where === 'string'
      ? connect({ path: where, allowHalfOpen: true })
      : connect({ port: where, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** The agent's end, with the engine's beside it in place of SSH. */
describe('published ports by relay', () => {
  const end = new AbortController();
  let scratch: string;
  let streams: Duplex[];
  let stopEngine: () => void;
  let forwards: ReturnType<typeof createRelayForwards>;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-relay-'));
    streams = [];
    const path = join(scratch, 'datagrams.sock');
    const engine = await openDatagramRelay(path);
    stopEngine = () => engine.stop();
    const kept = async (opening: Promise<Socket>): Promise<Socket> => {
      const opened = await opening;
      streams.push(opened);
      return opened;
    };
    forwards = createRelayForwards({
      openTcp: (port) => kept(dial(port)),
      openDatagrams: () => kept(dial(path)),
      log: silent,
      signal: end.signal,
    });
  });
  after(() => {
    end.abort();
    stopEngine();
    rmSync(scratch, { recursive: true });
  });

  it('carries TCP with each half’s end, and lists, closes and gives back ports', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      // Answers when it has heard the end, as `nc -q` does.
      let said = '';
      socket.setEncoding('utf8').on('data', (words: string) => (said += words));
      socket.on('end', () => socket.end(`heard ${said}`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: guestPort } = server.address() as AddressInfo;
    const hostPort = await freePort();
    const forward = { proto: 'tcp', hostAddress: '127.0.0.1', hostPort, guestPort } as const;
    await forwards.add(forward);
    expect(await forwards.list()).to.deep.equal([forward]);
    const client = await dial(hostPort);
    client.end('this');
    expect(await text(client)).to.equal('heard this');
    await forwards.remove(forward);
    expect(await forwards.list()).to.deep.equal([]);
    server.close();
    expect(await dial(hostPort).catch((error: NodeJS.ErrnoException) => error.code)).to.equal('ECONNREFUSED');
  });

  it('ends a connection that nobody is behind, and refuses a port that is taken', async () => {
    const [guestPort, hostPort] = [await freePort(), await freePort()];
    const forward = { proto: 'tcp', hostAddress: '127.0.0.1', hostPort, guestPort } as const;
    await forwards.add(forward);
    const client = await dial(hostPort);
    expect(await text(client)).to.equal('');
    const refusal = await forwards.add(forward).catch((error: NodeJS.ErrnoException) => error.code);
    expect(refusal).to.equal('EADDRINUSE');
    await forwards.remove(forward);
  });

  it('carries datagrams, each client’s answers to itself, over a stream that is opened again when it has gone', async () => {
    const echo = createSocket('udp4').bind(0, '127.0.0.1');
    await once(echo, 'listening');
    echo.on('message', (datagram, from) => echo.send(`${datagram.toString()}!`, from.port, from.address));
    const hostPort = await freePort();
    const guestPort = echo.address().port;
    await forwards.add({ proto: 'udp', hostAddress: '127.0.0.1', hostPort, guestPort });
    const ask = async (client: ReturnType<typeof createSocket>, words: string): Promise<string> => {
      const answer = once(client, 'message') as Promise<[Buffer]>;
      client.send(words, hostPort, '127.0.0.1');
      return (await answer)[0].toString();
    };
    const clients = [createSocket('udp4'), createSocket('udp4')] as const;
    expect(await Promise.all([ask(clients[0], 'one'), ask(clients[1], 'two')])).to.deep.equal([
      'one!',
      'two!',
    ]);
    const used = streams.at(-1);
    const closed = once(used ?? clients[0], 'close');
    used?.destroy();
    await closed;
    expect(await ask(clients[1], 'again')).to.equal('again!');
    expect(await ask(clients[0], 'x'.repeat(9000))).to.have.length(9001);
    for (const client of clients) client.close();
    await forwards.remove({ proto: 'udp', hostAddress: '127.0.0.1', hostPort, guestPort });
    echo.close();
  });
});

describe('the frames of datagrams', () => {
  it('survive being cut anywhere', () => {
    const sent = [
      [1, 'one'],
      [4_000_000_000, ''],
      [2, 'z'.repeat(65_507)],
    ] as const;
    const bytes = Buffer.concat(sent.map(([flow, words]) => encodeFrame(flow, Buffer.from(words))));
    for (const size of [1, 5, 7, 1000, bytes.length]) {
      const seen: [number, string][] = [];
      const reader = new FrameReader((flow, datagram) => seen.push([flow, datagram.toString()]));
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      expect(seen, String(size)).to.deep.equal(sent);
    }
  });

  it('number clients, and forget those that are quiet, or too many', () => {
    const flows = new FlowTable();
    const first = flows.number('10.0.0.1', 1, 0);
    expect(flows.number('10.0.0.1', 1, FLOW_IDLE_MS)).to.equal(first);
    const second = flows.number('10.0.0.1', 2, FLOW_IDLE_MS);
    expect(flows.client(first)).to.include({ address: '10.0.0.1', port: 1 });
    for (let port = 3; port < MAX_FLOWS + 2; port += 1) flows.number('10.0.0.1', port, FLOW_IDLE_MS + 1);
    expect(flows.client(first)).to.equal(undefined);
    expect(flows.client(second)?.port).to.equal(2);
    flows.number('10.0.0.9', 9, FLOW_IDLE_MS * 3);
    expect(flows.client(second)).to.equal(undefined);
    expect(flows.number('10.0.0.1', 1, FLOW_IDLE_MS * 3)).to.be.greaterThan(MAX_FLOWS);
  });
});
