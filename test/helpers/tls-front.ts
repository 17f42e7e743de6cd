import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certified } from './certificates.ts';

/** TLS on a port of the loopback in front of another port of it. */
export async function startTlsFront(
  behind: number,
  certified: Certified,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined); // clients break off on purpose
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer(certified, (socket) => {
    keep(socket);
    const onward = connect(behind, '127.0.0.1');
    keep(onward);
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
