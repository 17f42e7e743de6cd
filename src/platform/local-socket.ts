import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Connects to a unix socket or named pipe; both halves are closed one by one. Rejects with the system's error. */
export function connectLocal(address: string, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connect({ path: address, allowHalfOpen: true });
    const onAbort = (): void => {
      socket.destroy();
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const onError = (error: Error): void => {
      signal?.removeEventListener('abort', onAbort);
      reject(error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => {
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

/**
 * Listens on a unix socket that only its owner can connect to, or on a named pipe. What a killed server left at the
 * address is replaced: the caller makes sure by a lock that nobody else serves it.
 */
export async function listenLocal(address: string, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  if (process.platform !== 'win32') await rm(address, { force: true });
  server.listen({ path: address, readableAll: false, writableAll: false });
  await once(server, 'listening');
  // The directory is owner-only as well, so nobody gets in between these two calls.
  if (process.platform !== 'win32') await chmod(address, 0o600);
  return server;
}
