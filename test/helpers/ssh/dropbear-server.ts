import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import {
  dropbearPrivateKey,
  generateEd25519,
  openSshPrivateKey,
  publicKeyBlob,
  publicKeyLine,
  type Ed25519Pair,
} from '../../../src/ssh/keys.ts';
import type { SshTarget } from '../../../src/ssh/session.ts';
import { dropbearArgv } from './dropbear-argv.ts';

export interface DropbearServer {
  readonly port: number;
  readonly clientKey: Ed25519Pair;
  readonly hostKey: Ed25519Pair;
  readonly target: SshTarget;
  /** How many connections it has been asked for. */
  connections(): number;
  /** Cuts every connection, as a network that fails. */
  dropConnections(): void;
  stop(): Promise<void>;
}

/**
 * A real dropbear on an ephemeral loopback port with keys that Wherry made: one `dropbear -i` a connection, on the
 * accepted socket itself, so that it needs no port of its own and can't outlive the test.
 */
export async function startDropbear(
  keys: { clientKey?: Ed25519Pair; hostKey?: Ed25519Pair } = {},
): Promise<DropbearServer> {
  const clientKey = keys.clientKey ?? generateEd25519();
  const hostKey = keys.hostKey ?? generateEd25519();
  // dropbear refuses authorized_keys below a directory that others may write to, which /tmp is.
  const directory = await mkdtemp(join(userInfo().homedir, '.wherry-test-dropbear-'));
  await mkdir(join(directory, 'auth'), { mode: 0o700 });
  await writeFile(join(directory, 'host-key'), dropbearPrivateKey(hostKey), { mode: 0o600 });
  await writeFile(join(directory, 'auth', 'authorized_keys'), `${publicKeyLine(clientKey, 'test')}\n`, {
    mode: 0o600,
  });
  const [file, ...first] = await dropbearArgv('dropbear');
  const rest = [...first, '-i', '-E', '-s', '-r', join(directory, 'host-key'), '-D', join(directory, 'auth')];
  const children = new Set<ChildProcess>();
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    count++;
    const child = spawn(file!, rest, { stdio: [socket, socket, 'ignore'] });
    children.add(child);
    sockets.add(socket);
    child.once('exit', () => {
      children.delete(child);
      sockets.delete(socket);
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dropConnections = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  return {
    port,
    clientKey,
    hostKey,
    target: {
      host: '127.0.0.1',
      port,
      username: userInfo().username,
      privateKey: openSshPrivateKey(clientKey, 'test'),
      hostKey: publicKeyBlob(hostKey),
    },
    connections: () => count,
    dropConnections,
    async stop() {
      const gone = [...children].map((child) => once(child, 'exit'));
      dropConnections();
      await Promise.all(gone);
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}
