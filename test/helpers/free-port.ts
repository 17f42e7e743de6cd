import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A TCP port of this computer's loopback that nobody has now. Somebody else may take it: for those who can't say 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
