import { connect, createServer, type Socket } from 'node:net';
import { posix } from 'node:path';
import { systemErrorCode, WherryError } from '../../core/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import { MAX_SOCKET_PATH_BYTES } from '../../platform/paths.ts';
import { MACHINE_PORT_RANGE } from '../../protocol/boot/config-disk.ts';

/**
 * A server socket of QEMU's on this computer. Node speaks named pipes on Windows and QEMU's named pipe serves one
 * client in its life, so Windows has loopback TCP, from the range that guests may not reach. Every user of the computer
 * can connect to that: only the readiness port goes over it, never QMP.
 */
export type LocalEndpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** The endpoint called `name` of a machine's run directory. `ports` supplies a port where there are no unix sockets. */
export async function localEndpoint(
  platform: NodeJS.Platform,
  runDirectory: string,
  name: string,
  ports: PortPicker,
): Promise<LocalEndpoint> {
  if (platform === 'win32') return { kind: 'tcp', host: '127.0.0.1', port: await ports.next() };
  const path = posix.join(runDirectory, `${name}.sock`);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new WherryError({
      code: 'SOCKET_PATH_TOO_LONG',
      message: `${path} is too long for a unix socket (${MAX_SOCKET_PATH_BYTES} bytes at most)`,
      hint: 'Set WHERRY_HOME to a shorter path',
    });
  }
  return { kind: 'unix', path };
}

/** QMP's endpoint: whoever reaches it owns the VM, so there is none where it couldn't be its user's alone. */
export async function monitorEndpoint(
  platform: NodeJS.Platform,
  runDirectory: string,
  ports: PortPicker,
): Promise<LocalEndpoint | undefined> {
  return platform === 'win32' ? undefined : localEndpoint(platform, runDirectory, 'qmp', ports);
}

/** One attempt to connect. Rejects with the system error, or with `ETIMEDOUT`. */
export function connectOnce(endpoint: LocalEndpoint, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connect(endpoint.kind === 'unix' ? { path: endpoint.path } : endpoint);
    const onAbort = (): void => {
      socket.destroy();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      signal?.removeEventListener('abort', onAbort);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => {
      signal?.removeEventListener('abort', onAbort);
      reject(error);
    });
  });
}

/** QEMU listens some 50 ms after its start and has no way to say so: the only wait here that looks again and again. */
const LISTEN_RETRY_MS = 10;

/** Connects to a socket that a QEMU which has just been started will open. Ends with `signal`. */
export async function connectWhenListening(
  endpoint: LocalEndpoint,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  for (;;) {
    try {
      return await connectOnce(endpoint, signal);
    } catch (error) {
      const code = systemErrorCode(error);
      if (signal.aborted || (code !== 'ENOENT' && code !== 'ECONNREFUSED')) throw error;
    }
    await clock.sleep(LISTEN_RETRY_MS, signal);
  }
}

/** Hands out ports of {@link MACHINE_PORT_RANGE} that can be bound on the loopback right now. */
export interface PortPicker {
  next(): Promise<number>;
}

/** Starts at a different place each time, so that two machines starting at once rarely try the same port. */
export function createPortPicker(random: () => number = Math.random): PortPicker {
  const size = MACHINE_PORT_RANGE.last - MACHINE_PORT_RANGE.first + 1;
  let at = Math.floor(random() * size);
  let tried = 0;
  return {
    async next() {
      while (tried < size) {
        const port = MACHINE_PORT_RANGE.first + at;
        at = (at + 1) % size;
        tried += 1;
        if (await canBind(port)) return port;
      }
      throw new WherryError({
        code: 'NO_FREE_PORT',
        message: `no port between ${MACHINE_PORT_RANGE.first} and ${MACHINE_PORT_RANGE.last} on 127.0.0.1 is free`,
      });
    },
  };
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
