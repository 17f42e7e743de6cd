import type { Writable } from 'node:stream';
import { DetachScanner } from '../../protocol/streams/detach-keys.ts';

/** Where a command's streams are. Tests give their own. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export const processTerminal: Terminal = {
  // Getters: Node sets a stream up at its first use, and stdin's set-up alone can keep a process alive.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return process.stdout;
  },
  get stderr() {
    return process.stderr;
  },
};

/**
 * Sends stdin to a hijacked stream; its end is a half-close. With `raw` the terminal is in raw mode and the detach keys
 * detach.
 * @returns the function that stops and puts the terminal back
 */
export function pumpStdin(
  stdin: NodeJS.ReadStream,
  target: Writable,
  options: {
    readonly raw: boolean;
    /** Undefined: there is nothing to detach from, and every key goes through. */
    readonly detach: { readonly keys: Buffer; readonly onDetach: () => void } | undefined;
  },
): () => void {
  if (options.raw && stdin.isTTY) stdin.setRawMode(true);
  const { detach } = options;
  const scanner = options.raw && detach !== undefined ? new DetachScanner(detach.keys) : undefined;
  const onData = (chunk: Buffer): void => {
    const { input: bytes, detached } = scanner?.push(chunk) ?? { input: chunk, detached: false };
    if (detached) {
      if (bytes.length > 0) target.write(bytes);
      detach?.onDetach();
      return;
    }
    if (bytes.length > 0 && !target.write(bytes)) {
      stdin.pause();
      target.once('drain', () => stdin.resume());
    }
  };
  const onEnd = (): void => {
    target.end();
  };
  stdin.on('data', onData).once('end', onEnd);
  stdin.resume();
  return () => {
    stdin.off('data', onData).off('end', onEnd);
    if (options.raw && stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdin.unref?.();
  };
}

/** Tells the container the terminal's size now and at every change. @returns the function that stops it */
export function followSize(
  stdout: NodeJS.WriteStream,
  resize: (height: number, width: number) => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  const send = (): void => {
    const { rows, columns } = stdout;
    if (rows > 0 && columns > 0) resize(rows, columns).catch(onError);
  };
  send();
  stdout.on('resize', send);
  return () => stdout.off('resize', send);
}
