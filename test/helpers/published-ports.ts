import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { systemErrorCode } from '../../src/core/errors.ts';
import { eventually } from './eventually.ts';

const WITHIN_MS = 120_000;

/** What comes back for `text` from a port of this computer's loopback; '' for a connection that is closed at once. */
export async function tcp(port: number, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, timeout: 60_000 });
  socket.on('timeout', () => socket.destroy(new Error('no answer')));
  await once(socket, 'connect');
  socket.write(text);
  const [answer = ''] = (await Promise.race([once(socket, 'data'), once(socket, 'end')])) as unknown[];
  socket.destroy();
  return String(answer);
}

/** A datagram is lost while nobody listens yet: sent again until one comes back. */
export async function untilEcho(port: number, text: string): Promise<string> {
  const socket = createSocket('udp4');
  const answer = once(socket, 'message', { signal: AbortSignal.timeout(WITHIN_MS) });
  const timer = setInterval(() => socket.send(text, port, '127.0.0.1'), 300);
  try {
    return String(((await answer) as [Buffer])[0]);
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== 'EADDRINUSE') throw error;
    return false;
  } finally {
    server.close();
  }
}

/** QEMU closes its socket in its own time. */
export async function untilFree(port: number): Promise<void> {
  await eventually(
    () => isFree(port),
    (free) => free,
    `port ${port} is given back`,
  );
}
