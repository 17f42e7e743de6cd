import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIPv4 } from 'node:net';
import { answers } from './message.ts';
import type { Query } from './message.ts';

/** Questions that aren't about containers go to the VM's own resolvers. */
export interface Upstream {
  /** @param instead resolvers to ask instead, if any @throws Error when none of the resolvers answers in time */
  ask(message: Buffer, query: Query, transport: 'udp' | 'tcp', instead?: readonly string[]): Promise<Buffer>;
}

const TIMEOUT_MS = 2500;
const ATTEMPTS = 2;

/** The nameservers of a resolv.conf(5), IPv4 only. */
export function parseResolvConf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address): address is string => address !== undefined && isIPv4(address));
}

/** Resolvers of a file that may change while the engine runs (DHCP), read anew at most every ten seconds. */
export function createUpstream(file: string, own: (address: string) => boolean, port = 53): Upstream {
  let servers: readonly string[] = [];
  let readAt = -Infinity;
  return {
    async ask(message, query, transport, instead = []) {
      if (instead.length > 0) return askAny(instead, port, { message, query, transport });
      if (performance.now() - readAt > 10_000) {
        servers = parseResolvConf(await readFile(file, 'utf8')).filter((server) => !own(server));
        readAt = performance.now();
      }
      if (servers.length === 0) throw new Error(`${file} names no resolver`);
      return askAny(servers, port, { message, query, transport });
    },
  };
}

interface Question {
  readonly message: Buffer;
  readonly query: Query;
  readonly transport: 'udp' | 'tcp';
}

/** One after the other, twice. */
async function askAny(servers: readonly string[], port: number, question: Question): Promise<Buffer> {
  const ask = question.transport === 'udp' ? askUdp : askTcp;
  let last: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    for (const server of servers) {
      try {
        return await ask(server, port, question.message, question.query);
      } catch (error) {
        last = error;
      }
    }
  }
  throw last;
}

/** Tells of a failure once, until there is an answer again: questions come in storms. */
export function reportFailures(upstream: Upstream, report: (error: unknown) => void): Upstream {
  let failing = false;
  return {
    async ask(message, query, transport, instead = []) {
      // A container's own choice is its own affair.
      if (instead.length > 0) return upstream.ask(message, query, transport, instead);
      try {
        const answer = await upstream.ask(message, query, transport);
        failing = false;
        return answer;
      } catch (error) {
        if (!failing) report(error);
        failing = true;
        throw error;
      }
    },
  };
}

/** A socket of its own, so that each question has another source port; only the server's packets are taken. */
function askUdp(server: string, port: number, message: Buffer, query: Query): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv4(server) ? 'udp4' : 'udp6');
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new Error(`no answer from ${server}`))), TIMEOUT_MS);
    socket.on('message', (answer) => {
      if (answers(query, answer)) finish(() => resolve(answer));
    });
    socket.once('error', (error) => finish(() => reject(error)));
    // Without a callback, a network that can't be reached is an `error` event.
    socket.once('connect', () => socket.send(message));
    socket.connect(port, server);
  });
}

function askTcp(server: string, port: number, message: Buffer, query: Query): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port });
    let received = Buffer.alloc(0);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer from ${server}`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${server} closed the connection`)));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const answer = takeFrame(received);
      if (answer === undefined) return;
      if (answers(query, answer)) resolve(answer);
      socket.destroy();
    });
    socket.write(frame(message));
  });
}

/** Over TCP a message has its length, two bytes, before it (RFC 1035 §4.2.2). */
export function frame(message: Buffer): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(message.length);
  return Buffer.concat([size, message]);
}

/** The first whole message of what has come so far, or undefined. */
export function takeFrame(received: Buffer): Buffer | undefined {
  if (received.length < 2) return undefined;
  const size = received.readUInt16BE(0);
  return received.length < 2 + size ? undefined : received.subarray(2, 2 + size);
}
