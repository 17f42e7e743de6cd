import type { Readable } from 'node:stream';

/** A computer to log in to. */
export interface RemoteTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** Text of a private key without a passphrase, in a form that OpenSSH writes. */
  readonly privateKey: string;
  /** The only host key that is accepted, as the protocol carries it; undefined at the first contact, which tells it. */
  readonly hostKey: Uint8Array | undefined;
}

export interface RemoteResult {
  /** Undefined: the connection went first. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A computer that is logged in to. */
export interface RemoteHost {
  /** The key that it has shown. */
  readonly hostKey: Uint8Array;
  /**
   * Runs a command by the account's shell; without `input` its stdin is empty.
   *
   * @param onLine told each line of stdout as it comes
   */
  run(
    command: string,
    options?: {
      readonly input?: Readable | Uint8Array | undefined;
      readonly onLine?: ((line: string) => void) | undefined;
    },
  ): Promise<RemoteResult>;
  close(): void;
}

/** Logs in. Errors: `HOST_KEY_MISMATCH`, `SSH_AUTH_FAILED`, `SSH_CONNECT_FAILED`, or the signal's reason. */
export type ConnectRemote = (target: RemoteTarget, signal?: AbortSignal) => Promise<RemoteHost>;
