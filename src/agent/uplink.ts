import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { messageOf, WherryError } from '../core/errors.ts';
import type { EngineEndpoint } from '../drivers/driver.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { RemoteProcess } from '../ssh/remote-process.ts';
import type { SshSession } from '../ssh/session.ts';

/** The agent's way into the machine. */
export interface Uplink {
  /** A new byte stream to the engine; waits out a reconnection. Error: `ENGINE_UNREACHABLE`. */
  openEngine(): Promise<Duplex>;
  /** The same to another unix socket of the guest's; undefined where there is no way to one. */
  readonly openSocket?: ((path: string) => Promise<Duplex>) | undefined;
  /** Runs a command in the guest, with what it prints; undefined where there is no way to. Error: `COMMAND_FAILED`. */
  readonly run?: ((command: string, signal: AbortSignal) => Promise<string>) | undefined;
  /** Runs a command in the guest; undefined where there is no way to. */
  readonly exec?: ((command: string) => Promise<RemoteProcess>) | undefined;
  /** The same to a TCP port of the guest's loopback. */
  readonly openTcp?: ((port: number) => Promise<Duplex>) | undefined;
  connected(): boolean;
  /** Resolves when there is nothing to be connected to any more, with why. */
  readonly ended: Promise<string>;
  close(): void;
}

export interface UplinkPorts {
  /** Whether the VM that the agent was started for is still there. */
  readonly vmIsThere: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;
/** Drivers without SSH have nothing whose end would tell that the machine has gone. */
const LOOK_MS = 2000;
/** Reconnecting wouldn't help against these. */
const FINAL = new Set(['HOST_KEY_MISMATCH', 'SSH_AUTH_FAILED', 'KNOWN_HOSTS_BROKEN']);

/** Connects by SSH and stays connected while the VM is there. Rejects if the first connection fails. */
export async function openSshUplink(
  dial: (signal: AbortSignal) => Promise<SshSession>,
  engineSocket: string,
  ports: UplinkPorts,
): Promise<Uplink> {
  const closing = new AbortController();
  const { signal } = closing;
  let session = Promise.resolve(await dial(signal));
  let up = true;
  const ended = keep().catch((error: unknown) => messageOf(error));

  async function keep(): Promise<string> {
    for (;;) {
      const reason = await (await session).closed;
      up = false;
      if (signal.aborted) return 'it was told to stop';
      if (!(await ports.vmIsThere())) return 'the VM has gone';
      ports.log.warn('the SSH connection dropped', { reason: reason?.message });
      session = redial();
      // Whoever waits in openEngine hears of a failure too; this keeps it from counting as unhandled.
      session.catch(() => undefined);
      await session;
      up = true;
      ports.log.info('the SSH connection is back');
    }
  }

  async function redial(): Promise<SshSession> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      try {
        return await dial(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof WherryError && FINAL.has(error.code)) throw error;
        if (!(await ports.vmIsThere())) throw new Error('the VM has gone', { cause: error });
        ports.log.warn('no SSH connection yet', { reason: messageOf(error), retryMs: wait });
      }
      await ports.clock.sleep(wait, signal);
    }
  }

  return {
    openEngine: async () => (await session).openStreamLocal(engineSocket),
    openSocket: async (path) => (await session).openStreamLocal(path),
    run: async (command, until) => runCommand(await session, command, until),
    exec: async (command) => (await session).exec({ command }),
    openTcp: async (port) => (await session).openTcp(port),
    connected: () => up,
    ended,
    close() {
      closing.abort(new Error('it was told to stop'));
      void session.then(
        (open) => open.close(),
        () => undefined,
      );
    },
  };
}

async function runCommand(session: SshSession, command: string, signal: AbortSignal): Promise<string> {
  const remote = await orAborted(session.exec({ command }), signal);
  remote.stderr.resume();
  const output = text(remote.stdout);
  remote.stdin.end();
  try {
    const exit = await orAborted(remote.exited, signal);
    if (exit.kind === 'exited' && exit.code === 0) return await output;
    const how = exit.kind === 'exited' ? `status ${exit.code}` : exit.kind;
    throw new WherryError({ code: 'COMMAND_FAILED', message: `${command}: ${how}` });
  } finally {
    // Where it was given up: nobody waits for the rest.
    remote.stdout.destroy();
    output.catch(() => undefined);
  }
}

/** The work's outcome, or the signal's reason where that comes first. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** For machines whose driver says where the engine is. */
export function openEndpointUplink(endpoint: EngineEndpoint | undefined, ports: UplinkPorts): Uplink {
  const closing = new AbortController();
  const ended = look().catch((error: unknown) => messageOf(error));

  async function look(): Promise<string> {
    do await ports.clock.sleep(LOOK_MS, closing.signal);
    while (await ports.vmIsThere());
    return 'the VM has gone';
  }

  return {
    async openEngine() {
      if (endpoint === undefined) {
        throw new WherryError({ code: 'NO_ENGINE', message: 'the driver names no engine of this machine' });
      }
      const socket = connect({
        ...(endpoint.kind === 'unix'
          ? { path: endpoint.path }
          : { host: endpoint.host, port: endpoint.port }),
        allowHalfOpen: true,
      });
      await once(socket, 'connect');
      return socket;
    },
    connected: () => true,
    ended,
    close: () => closing.abort(new Error('it was told to stop')),
  };
}
