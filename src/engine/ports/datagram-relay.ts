import { createSocket } from 'node:dgram';
import type { Socket as Datagrams } from 'node:dgram';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import {
  FLOW_IDLE_MS,
  FrameReader,
  MAX_FLOWS,
  MAX_QUEUED_BYTES,
  datagramHello,
  encodeFrame,
} from '../../protocol/agent/datagrams.ts';
import { listenPrivately } from './private-socket.ts';

/** Longer than any first line. */
const MAX_HELLO = 256;

export interface DatagramRelay {
  stop(): void;
}

/**
 * The engine's end of src/protocol/agent/datagrams.ts: what comes over a stream is sent to a published port of this
 * computer's loopback, each flow from a socket of its own, so that answers find their way back.
 *
 * @param socketPath root-only
 */
export async function openDatagramRelay(socketPath: string): Promise<DatagramRelay> {
  const streams = new Set<Socket>();
  const server = createServer((stream) => {
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
    serve(stream);
  });
  await listenPrivately(server, socketPath);
  return {
    stop() {
      server.close();
      for (const stream of streams) stream.destroy();
    },
  };
}

interface Flow {
  readonly socket: Datagrams;
  lastUsed: number;
}

function serve(stream: Socket): void {
  const flows = new Map<number, Flow>();
  const forget = (number: number): void => {
    flows.get(number)?.socket.close();
    flows.delete(number);
  };
  const sweep = setInterval(() => {
    const oldest = performance.now() - FLOW_IDLE_MS;
    for (const [number, { lastUsed }] of flows) if (lastUsed < oldest) forget(number);
  }, FLOW_IDLE_MS / 3);
  sweep.unref();
  stream.on('error', () => stream.destroy());
  stream.once('close', () => {
    clearInterval(sweep);
    for (const number of flows.keys()) forget(number);
  });

  let port: number | undefined;
  let hello = Buffer.alloc(0);
  const frames = new FrameReader((number, datagram) => {
    const flow = flows.get(number) ?? open(number);
    flow.lastUsed = performance.now();
    // A copy: the socket may send it later. What can't be sent is lost, as on a network.
    flow.socket.send(Buffer.from(datagram), port ?? 0, '127.0.0.1', () => undefined);
  });

  function open(number: number): Flow {
    const [first] = flows.keys();
    if (flows.size >= MAX_FLOWS && first !== undefined) forget(first);
    const flow = { socket: createSocket('udp4'), lastUsed: 0 };
    // An ICMP error for what was sent: nobody listens there.
    flow.socket.on('error', () => {
      if (flows.get(number) === flow) forget(number);
    });
    flow.socket.on('message', (datagram) => {
      flow.lastUsed = performance.now();
      if (stream.writableLength < MAX_QUEUED_BYTES) stream.write(encodeFrame(number, datagram));
    });
    flows.set(number, flow);
    return flow;
  }

  stream.on('data', (chunk: Buffer) => {
    if (port !== undefined) {
      frames.push(chunk);
      return;
    }
    hello = Buffer.concat([hello, chunk]);
    const end = hello.indexOf('\n');
    if (end === -1) {
      if (hello.length > MAX_HELLO) stream.destroy();
      return;
    }
    port = readHello(hello.toString('utf8', 0, end));
    if (port === undefined) stream.destroy();
    else frames.push(hello.subarray(end + 1));
  });
}

function readHello(line: string): number | undefined {
  try {
    return datagramHello.parse(JSON.parse(line)).port;
  } catch {
    // Only the agent gets here, and it has nothing to ask of a stream that is closed.
    return undefined;
  }
}
