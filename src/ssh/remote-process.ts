import type { Duplex, Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';

export type RemoteExit =
  | { readonly kind: 'exited'; readonly code: number }
  /** The signal's name as Node has it: `SIGTERM`. */
  | { readonly kind: 'signaled'; readonly signal: string }
  /** The connection went before the server told. */
  | { readonly kind: 'lost' };

/** A process in the guest. With a PTY everything arrives on stdout. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its stdin and stdout as one. */
  readonly stream: Duplex;
  /** Resolves when the channel has closed, that is after the last byte of output was given to the streams. */
  readonly exited: Promise<RemoteExit>;
  resize(columns: number, rows: number): void;
  /** A signal's name without SIG (RFC 4254 §6.9): `INT`, `TERM`, … */
  signal(name: string): void;
}

export function remoteProcess(channel: ClientChannel): RemoteProcess {
  const exited = new Promise<RemoteExit>((resolve) => {
    let exit: RemoteExit = { kind: 'lost' };
    channel.on('exit', (code: number | null, signal?: string) => {
      exit = code === null ? { kind: 'signaled', signal: signal ?? 'unknown' } : { kind: 'exited', code };
    });
    channel.once('close', () => resolve(exit));
  });
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    stream: channel,
    exited,
    resize: (columns, rows) => channel.setWindow(rows, columns, 0, 0),
    signal: (name) => channel.signal(name),
  };
}

/** The exit status that ssh(1) would have: the command's own, 128 + n for a signal, 255 for a lost connection. */
export function exitStatusOf(exit: RemoteExit, signals: Readonly<Record<string, number>>): number {
  if (exit.kind === 'exited') return exit.code;
  if (exit.kind === 'lost') return 255;
  return 128 + (signals[exit.signal] ?? 0);
}
