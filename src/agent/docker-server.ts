import type { Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../platform/log.ts';
import { listenLocal } from '../platform/local-socket.ts';
import { relay } from './relay.ts';
import type { Uplink } from './uplink.ts';

export interface DockerServer {
  clients(): number;
  close(): Promise<void>;
}

/** Serves the machine's `docker.sock`: each client gets a stream of its own to the engine. */
export async function serveDocker(address: string, uplink: Uplink, log: Log): Promise<DockerServer> {
  const clients = new Set<Socket>();
  const server = await listenLocal(address, (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    void serve(client);
  });

  async function serve(client: Socket): Promise<void> {
    client.on('error', (error) => log.debug('a client failed', { reason: error.message }));
    try {
      const engine = await uplink.openEngine();
      await relay(client, engine);
    } catch (error) {
      log.warn('no stream to the engine', { reason: messageOf(error) });
      client.destroy();
    }
  }

  return {
    clients: () => clients.size,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}
