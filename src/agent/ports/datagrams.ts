import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../core/errors.ts';
import type { HostForward } from '../../drivers/driver.ts';
import type { Log } from '../../platform/log.ts';
import {
  FLOW_IDLE_MS,
  FrameReader,
  MAX_FLOWS,
  MAX_QUEUED_BYTES,
  encodeFrame,
} from '../../protocol/agent/datagrams.ts';

interface Client {
  readonly address: string;
  readonly port: number;
  lastUsed: number;
}

/**
 * The agent's end of src/protocol/agent/datagrams.ts for one published port. Its stream is opened with the first
 * datagram, and again when it has gone; what comes meanwhile waits for it.
 *
 * @returns what closes it
 */
export async function relayDatagrams(
  forward: HostForward,
  open: () => Promise<Duplex>,
  log: Log,
): Promise<() => void> {
  const socket = createSocket('udp4').bind({
    address: forward.hostAddress,
    port: forward.hostPort,
    exclusive: true,
  });
  await once(socket, 'listening');
  const flows = new FlowTable();
  let stream: Promise<Duplex | undefined> | undefined;

  const connect = async (): Promise<Duplex | undefined> => {
    try {
      const opened = await open();
      opened.on('error', () => opened.destroy());
      opened.once('close', () => (stream = undefined));
      const frames = new FrameReader((number, datagram) => {
        const client = flows.client(number);
        // A copy: the socket may send it later.
        if (client !== undefined)
          socket.send(Buffer.from(datagram), client.port, client.address, () => undefined);
      });
      opened.on('data', (chunk: Buffer) => frames.push(chunk));
      opened.write(`${JSON.stringify({ port: forward.guestPort })}\n`);
      return opened;
    } catch (error) {
      log.debug('no way for datagrams', { port: forward.guestPort, reason: messageOf(error) });
      stream = undefined;
      return undefined;
    }
  };

  socket.on('message', (datagram, { address, port }) => {
    const frame = encodeFrame(flows.number(address, port), datagram);
    stream ??= connect();
    void stream.then((opened) => {
      if (opened !== undefined && !opened.destroyed && opened.writableLength < MAX_QUEUED_BYTES)
        opened.write(frame);
    });
  });
  // An ICMP error for an answer whose client has gone.
  socket.on('error', (error) => log.debug('a published UDP port', { reason: error.message }));
  return () => {
    socket.close();
    void stream?.then((opened) => opened?.destroy());
  };
}

/** The clients of a port by their numbers, the one that was heard of last at the end. */
export class FlowTable {
  readonly #numbers = new Map<string, number>();
  readonly #clients = new Map<number, Client>();
  #last = 0;

  number(address: string, port: number, now = performance.now()): number {
    const key = `${address} ${port}`;
    const known = this.#numbers.get(key);
    const client = known === undefined ? undefined : this.#clients.get(known);
    if (known !== undefined && client !== undefined) {
      client.lastUsed = now;
      this.#clients.delete(known);
      this.#clients.set(known, client);
      return known;
    }
    this.#forgetOld(now);
    this.#last += 1;
    this.#numbers.set(key, this.#last);
    this.#clients.set(this.#last, { address, port, lastUsed: now });
    return this.#last;
  }

  client(number: number): Pick<Client, 'address' | 'port'> | undefined {
    return this.#clients.get(number);
  }

  #forgetOld(now: number): void {
    for (const [number, { address, port, lastUsed }] of this.#clients) {
      if (lastUsed > now - FLOW_IDLE_MS && this.#clients.size < MAX_FLOWS) return;
      this.#clients.delete(number);
      this.#numbers.delete(`${address} ${port}`);
    }
  }
}
