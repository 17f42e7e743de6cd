import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { openSshSession, type SshSession } from './session.ts';

interface Target {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly privateKey: string;
  readonly hostKey: Uint8Array | undefined;
}

interface RunOptions {
  readonly input?: Readable | Uint8Array | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

/** SSH as drivers want it: `ConnectRemote` of drivers/remote.ts, whose contract this keeps. */
export async function connectRemote(target: Target, signal?: AbortSignal) {
  let shown: Uint8Array = target.hostKey ?? new Uint8Array();
  const session = await openSshSession({
    ...target,
    hostKey: target.hostKey ?? ((key) => void (shown = key)),
    signal,
  });
  return {
    hostKey: shown,
    run: (command: string, options: RunOptions = {}) => run(session, command, options, signal),
    close: () => session.close(),
  };
}

async function run(
  session: SshSession,
  command: string,
  { input, onLine }: RunOptions,
  signal: AbortSignal | undefined,
): Promise<{ status: number | undefined; stdout: string; stderr: string }> {
  signal?.throwIfAborted();
  const process = await session.exec({ command });
  const onAbort = (): void => session.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    if (onLine !== undefined) createInterface({ input: process.stdout }).on('line', onLine);
    const [stdout, stderr] = [text(process.stdout), text(process.stderr)];
    if (input === undefined || input instanceof Uint8Array) process.stdin.end(input);
    // A command that has ended needs no more: what it says of it, it says by its status.
    else
      await pipeline(input, process.stdin, { end: true }).catch((error: unknown) =>
        input.destroy(error as Error),
      );
    const exit = await process.exited;
    signal?.throwIfAborted();
    const status = exit.kind === 'exited' ? exit.code : exit.kind === 'signaled' ? 255 : undefined;
    return { status, stdout: await stdout, stderr: await stderr };
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
