import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { addressBytes } from '../address.ts';
import { addressBytes6, formatAddress6 } from '../address6.ts';
import {
  RCODE,
  TYPE,
  addressAnswer,
  errorAnswer,
  fitUdp,
  isInternet,
  nameAnswer,
  parseQuery,
} from './message.ts';
import type { Query } from './message.ts';
import type { NameTable } from './names.ts';
import { frame, takeFrame } from './upstream.ts';
import type { Upstream } from './upstream.ts';

/** Questions that wait for an upstream at once; beyond that clients get SERVFAIL rather than the engine's memory. */
const IN_FLIGHT_LIMIT = 256;
/** TCP connections at once, and how long one may be idle. */
const CONNECTION_LIMIT = 64;
const IDLE_MS = 10_000;

/** Names of the user's computer, as Docker Desktop has them. */
const HOST_NAMES: ReadonlySet<string> = new Set(['host.docker.internal', 'gateway.docker.internal']);

export interface DnsPolicy {
  /** False on a network without a way out: nobody else is asked, and nobody is told where the host is. */
  readonly forwards: boolean;
  /** IPv4 address of the user's computer. */
  hostAddress(): string | undefined;
}

/** The resolver of a bridge: containers' names from the table, everything else from upstream. UDP and TCP. */
export class DnsServer {
  readonly #names: NameTable;
  readonly #upstream: Upstream;
  readonly #policy: DnsPolicy;
  #inFlight = 0;
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;
  readonly #connections = new Set<Socket>();

  constructor(names: NameTable, upstream: Upstream, policy: DnsPolicy) {
    this.#names = names;
    this.#upstream = upstream;
    this.#policy = policy;
  }

  /** Resolves when both sockets are bound. @throws Error (EADDRINUSE, EADDRNOTAVAIL); neither is bound then */
  async listen(address: string, port = 53): Promise<number> {
    const udp = createSocket('udp4');
    const tcp = createServer((socket) => this.#accept(socket));
    tcp.maxConnections = CONNECTION_LIMIT;
    try {
      udp.bind(port, address);
      await once(udp, 'listening');
      const bound = udp.address().port;
      tcp.listen(bound, address);
      await once(tcp, 'listening');
      // ICMP errors of answers to clients that are gone.
      udp.on('error', () => undefined);
      // A connection that could not be accepted (EMFILE): its client asks again.
      tcp.on('error', () => undefined);
      udp.on('message', (message, { address: client, port: clientPort }) => {
        void this.#answerDatagram(udp, message, client, clientPort);
      });
      this.#udp = udp;
      this.#tcp = tcp;
      return bound;
    } catch (error) {
      udp.close();
      throw error;
    }
  }

  close(): void {
    this.#udp?.close();
    this.#udp = undefined;
    this.#tcp?.close();
    for (const socket of this.#connections) socket.destroy();
  }

  async #answerDatagram(udp: UdpSocket, message: Buffer, client: string, clientPort: number): Promise<void> {
    const answer = await this.#respond(message, client, 'udp');
    if (answer !== undefined && this.#udp === udp) udp.send(answer, clientPort, client, () => undefined);
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.once('close', () => this.#connections.delete(socket));
    this.#serve(socket).catch(() => socket.destroy());
  }

  /** One question after the other, so that a client that doesn't read its answers isn't read from either. */
  async #serve(socket: Socket): Promise<void> {
    const client = socket.remoteAddress ?? '';
    let received = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk]);
      for (let message = takeFrame(received); message !== undefined; message = takeFrame(received)) {
        const answer = await this.#respond(message, client, 'tcp');
        if (answer === undefined) return;
        if (!socket.write(frame(answer))) await once(socket, 'drain');
        received = received.subarray(2 + message.length);
      }
    }
  }

  async #respond(message: Buffer, client: string, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    if (message.length < 12) return undefined;
    const query = parseQuery(message);
    if (query === undefined) {
      // Never an answer to an answer: two servers would go on for ever.
      return (message.readUInt16BE(2) & 0x8000) === 0
        ? errorAnswer(message, undefined, RCODE.FORMAT)
        : undefined;
    }
    const own = this.#own(message, query, client);
    if (own !== undefined) return transport === 'udp' ? fitUdp(own, query) : own;
    if (!this.#policy.forwards || this.#inFlight >= IN_FLIGHT_LIMIT)
      return errorAnswer(message, query, RCODE.SERVER_FAILURE);
    this.#inFlight += 1;
    try {
      return await this.#upstream.ask(message, query, transport, this.#names.resolversOf(client));
    } catch {
      // The upstream has reported it; the client's own resolver library says what SERVFAIL means to its program.
      return errorAnswer(message, query, RCODE.SERVER_FAILURE);
    } finally {
      this.#inFlight -= 1;
    }
  }

  #own(message: Buffer, query: Query, client: string): Buffer | undefined {
    if (!isInternet(query)) return undefined;
    if (query.type === TYPE.PTR) {
      const address = reversed(query.name);
      const name = address === undefined ? undefined : this.#names.name(client, address);
      return name === undefined ? undefined : nameAnswer(message, query, name);
    }
    const family = query.type === TYPE.AAAA ? 6 : 4;
    const found = this.#names.addresses(client, query.name, family) ?? this.#host(query.name, family);
    if (found === undefined) return undefined;
    const encoded = found.map(family === 6 ? addressBytes6 : addressBytes);
    return addressAnswer(message, query, shuffled(encoded));
  }

  #host(name: string, family: 4 | 6): readonly string[] | undefined {
    if (!this.#policy.forwards || !HOST_NAMES.has(name)) return undefined;
    const address = this.#policy.hostAddress();
    if (address === undefined) return undefined;
    return family === 4 ? [address] : [];
  }
}

/** The address that a name below in-addr.arpa (RFC 1035 §3.5) or ip6.arpa (RFC 3596 §2.5) stands for. */
function reversed(name: string): string | undefined {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (four !== null) return four.slice(1, 5).toReversed().join('.');
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (six === undefined) return undefined;
  return formatAddress6(BigInt(`0x${six.split('.').toReversed().join('')}`));
}

/** Several containers of one name take turns. */
function shuffled<T>(items: readonly T[]): T[] {
  const from = Math.floor(Math.random() * items.length);
  return [...items.slice(from), ...items.slice(0, from)];
}
