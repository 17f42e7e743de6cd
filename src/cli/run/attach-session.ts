import type { Duplex } from 'node:stream';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../../protocol/streams/detach-keys.ts';
import { copyRaw, demultiplex } from '../streams/demultiplex.ts';
import { pumpStdin, type Terminal } from '../streams/terminal.ts';

export type SessionEnd = 'ended' | 'detached';

/**
 * Joins the terminal to a hijacked stream until the container's output ends or the user detaches. Without `stdin` the
 * write side is closed at once, as docker's client does.
 */
export async function attachSession(
  stream: Duplex,
  terminal: Terminal,
  options: {
    readonly stdin: boolean;
    readonly tty: boolean;
    /** `--detach-keys`; the engine has found that it can be read. */
    readonly detachKeys?: string | undefined;
  },
): Promise<SessionEnd> {
  const detached = Promise.withResolvers<SessionEnd>();
  const stop = options.stdin
    ? pumpStdin(terminal.stdin, stream, {
        raw: options.tty,
        detach: {
          keys: parseDetachKeys(options.detachKeys ?? '') ?? DEFAULT_DETACH_KEYS,
          onDetach: () => detached.resolve('detached'),
        },
      })
    : () => undefined;
  if (!options.stdin) stream.end();
  const output = options.tty
    ? copyRaw(stream, terminal.stdout)
    : demultiplex(stream, terminal.stdout, terminal.stderr);
  try {
    const end = await Promise.race([output.then((): SessionEnd => 'ended'), detached.promise]);
    if (end === 'detached') {
      output.catch(() => 'the stream is destroyed on purpose');
      stream.destroy();
    }
    return end;
  } finally {
    stop();
  }
}
