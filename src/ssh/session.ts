import { timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Client, type ClientChannel, type ConnectConfig } from 'ssh2';
import { messageOf, WherryError } from '../core/errors.ts';
import { remoteProcess, type RemoteProcess } from './remote-process.ts';

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** Text of an unencrypted OpenSSH private key. */
  readonly privateKey: string;
  /** The only host key that is accepted, as the protocol carries it; or whom to tell it where none is known yet. */
  readonly hostKey: Uint8Array | ((shown: Uint8Array) => void);
  /** From the TCP connection to the authenticated session, milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The terminal that a remote process is given. */
export interface Pty {
  readonly term: string;
  readonly columns: number;
  readonly rows: number;
}

export interface ExecRequest {
  /** Run by the account's shell, as ssh(1) does; undefined for a login shell. */
  readonly command?: string | undefined;
  readonly pty?: Pty | undefined;
}

/** One authenticated SSH connection. */
export interface SshSession {
  /** A byte stream to a unix socket in the guest (OpenSSH's PROTOCOL §2.4). Half-close passes both ways. */
  openStreamLocal(path: string): Promise<Duplex>;
  /** A byte stream to a TCP port of the guest's loopback (RFC 4254 §7.2, direct-tcpip). Half-close passes both ways. */
  openTcp(port: number): Promise<Duplex>;
  exec(request: ExecRequest): Promise<RemoteProcess>;
  /** Resolves once, when the connection has gone, with the reason if it wasn't {@link close}. */
  readonly closed: Promise<Error | undefined>;
  close(): void;
}

/** A connection that has answered nothing for three of these in a row is dead. */
const KEEPALIVE_MS = 15_000;
const DEFAULT_TIMEOUT_MS = 20_000;

/**
 * Connects, checks the host key against the pinned one, authenticates.
 * Errors: `HOST_KEY_MISMATCH`, `SSH_AUTH_FAILED`, `SSH_CONNECT_FAILED`, or the signal's reason.
 */
export async function openSshSession(target: SshTarget): Promise<SshSession> {
  target.signal?.throwIfAborted();
  const client = new Client();
  const closed = closedOf(client);
  await connect(client, target);
  client.setNoDelay(true);
  return {
    openStreamLocal: (path) => openStreamLocal(client, path),
    openTcp: (port) => openTcp(client, port),
    async exec(request) {
      return openExec(client, request);
    },
    closed,
    close: () => client.end(),
  };
}

function connect(client: Client, target: SshTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    let mismatch: WherryError | undefined;
    const config: ConnectConfig = {
      host: target.host,
      port: target.port,
      username: target.username,
      privateKey: target.privateKey,
      readyTimeout: target.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: 3,
      // Asking for "none" first would cost a round trip.
      authHandler: ['publickey'],
      algorithms: {
        // dropbear as Debian builds it has no AES-GCM; chacha20-poly1305 is cheapest where AES isn't in hardware.
        cipher: ['chacha20-poly1305@openssh.com', 'aes128-gcm@openssh.com', 'aes128-ctr'],
        kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
        serverHostKey: ['ssh-ed25519'],
        compress: ['none'],
      },
      hostVerifier(key: Buffer) {
        const { hostKey } = target;
        if (typeof hostKey === 'function') {
          hostKey(key);
          return true;
        }
        if (sameBytes(key, hostKey)) return true;
        mismatch = hostKeyMismatch(target);
        return false;
      },
    };
    const onAbort = (): void => {
      client.destroy();
      reject(asError(target.signal?.reason));
    };
    const settle = (): void => target.signal?.removeEventListener('abort', onAbort);
    target.signal?.addEventListener('abort', onAbort, { once: true });
    client.once('ready', () => {
      settle();
      resolve();
    });
    client.once('error', (error) => {
      settle();
      client.destroy();
      reject(mismatch ?? connectError(target, error));
    });
    client.once('close', () => {
      settle();
      reject(mismatch ?? connectError(target, new Error('the server closed the connection')));
    });
    client.connect(config);
  });
}

function closedOf(client: Client): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let reason: Error | undefined;
    // Stays for the connection's life: an 'error' without a listener would end the process.
    client.on('error', (error) => {
      reason ??= error;
    });
    client.once('close', () => resolve(reason));
  });
}

function openStreamLocal(client: Client, path: string): Promise<Duplex> {
  return openChannel<Duplex>(
    (channel) => channel,
    (done) => client.openssh_forwardOutStreamLocal(path, done),
    `${path} in the guest`,
  );
}

function openTcp(client: Client, port: number): Promise<Duplex> {
  return openChannel<Duplex>(
    (channel) => channel,
    (done) => client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, done),
    `port ${port} in the guest`,
  );
}

/**
 * The channel is listened to in its opening callback: a short command's exit status comes in the same packet as the
 * reply to `exec`, and is told before a promise's continuation runs.
 */
function openExec(client: Client, request: ExecRequest): Promise<RemoteProcess> {
  const pty =
    request.pty === undefined
      ? undefined
      : { term: request.pty.term, cols: request.pty.columns, rows: request.pty.rows, width: 0, height: 0 };
  const { command } = request;
  return openChannel(
    remoteProcess,
    (done) => {
      if (command !== undefined) client.exec(command, pty === undefined ? {} : { pty }, done);
      else if (pty === undefined) client.shell(false, done);
      else client.shell(pty, done);
    },
    'a session in the guest',
  );
}

function openChannel<T>(
  take: (channel: ClientChannel) => T,
  open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(
        new WherryError({
          code: 'SSH_CHANNEL_FAILED',
          message: `could not open ${what}: ${messageOf(error)}`,
          cause: error,
        }),
      );
    };
    try {
      open((error, channel) => {
        if (error === undefined || error === null) resolve(take(channel));
        else fail(error);
      });
    } catch (error) {
      // ssh2 throws "Not connected" instead of calling back once its socket has gone.
      fail(error);
    }
  });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function hostKeyMismatch(target: SshTarget): WherryError {
  return new WherryError({
    code: 'HOST_KEY_MISMATCH',
    message: `the SSH server at ${target.host}:${target.port} has another host key than the one made for this machine: not connecting`,
    hint: 'Something else listens there, or the machine was tampered with',
  });
}

function connectError(target: SshTarget, error: Error & { level?: string }): WherryError {
  const refused = error.level === 'client-authentication';
  return new WherryError({
    code: refused ? 'SSH_AUTH_FAILED' : 'SSH_CONNECT_FAILED',
    message: refused
      ? `the SSH server at ${target.host}:${target.port} refused this machine's key`
      : `no SSH connection to ${target.host}:${target.port}: ${messageOf(error)}`,
    cause: error,
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
