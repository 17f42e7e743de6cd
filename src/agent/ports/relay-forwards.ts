import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostForward } from '../../drivers/driver.ts';
import type { Log } from '../../platform/log.ts';
import { relay } from '../relay.ts';
import { relayDatagrams } from './datagrams.ts';
import type { VmForwards } from './host-ports.ts';

export interface RelayParts {
  /** A new stream to a TCP port of the guest's loopback. */
  readonly openTcp: (port: number) => Promise<Duplex>;
  /** A new stream to the engine's relay of datagrams (src/protocol/agent/datagrams.ts). */
  readonly openDatagrams: () => Promise<Duplex>;
  readonly log: Log;
  /** Closes all of them. */
  readonly signal: AbortSignal;
}

interface Open {
  readonly forward: HostForward;
  /** Accepts nothing more; connections that there are go on. */
  close(): void;
}

/** Published ports of drivers that don't forward by themselves: the agent listens, and carries what comes through SSH. */
export function createRelayForwards(parts: RelayParts): VmForwards {
  const open = new Set<Open>();
  parts.signal.addEventListener('abort', () => {
    for (const one of open) one.close();
    open.clear();
  });
  return {
    list: () => Promise.resolve([...open].map(({ forward }) => forward)),
    async add(forward) {
      const close = forward.proto === 'tcp' ? await relayTcp(forward, parts) : await relayUdp(forward, parts);
      open.add({ forward, close });
    },
    async remove({ proto, hostAddress, hostPort }) {
      for (const one of open) {
        const { forward } = one;
        if (forward.proto !== proto || forward.hostAddress !== hostAddress || forward.hostPort !== hostPort)
          continue;
        one.close();
        open.delete(one);
      }
    },
  };
}

async function relayTcp(forward: HostForward, { openTcp, log }: RelayParts): Promise<() => void> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    openTcp(forward.guestPort).then(
      async (stream) => {
        if (socket.destroyed) stream.destroy();
        else await relay(socket, stream);
      },
      (error: unknown) => {
        // Nobody listens there: the client hears of it as it does from QEMU's user-mode network, by the connection's end.
        log.debug('a published port has nobody behind it', {
          port: forward.guestPort,
          reason: String(error),
        });
        socket.destroy();
      },
    );
  });
  server.listen({ host: forward.hostAddress, port: forward.hostPort, exclusive: true });
  await once(server, 'listening');
  return () => void server.close();
}

function relayUdp(forward: HostForward, { openDatagrams, log }: RelayParts): Promise<() => void> {
  return relayDatagrams(forward, openDatagrams, log);
}
