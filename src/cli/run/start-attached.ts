import { apiPath } from '../engine-client/api-path.ts';
import { WherryError } from '../../core/errors.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import type { Explanation } from '../../protocol/docker/explanation.ts';
import type { Narrator } from '../explain/narrator.ts';
import type { StreamName } from '../flags/attach.ts';
import { followSize, type Terminal } from '../streams/terminal.ts';
import { attachSession } from './attach-session.ts';
import { exitStatus } from './exit-status.ts';
import { proxySignals } from './proxy-signals.ts';

export interface AttachedStart {
  /** Which of the container's streams are this process's. */
  readonly streams: ReadonlySet<StreamName>;
  readonly tty: boolean;
  /** It goes when it ends: the end is over when it is gone. */
  readonly removed: boolean;
  readonly detachKeys?: string | undefined;
  readonly sigProxy: boolean;
  readonly narrator?: Narrator | undefined;
}

/** docker's exit status where the engine, not the program, failed. */
export const ENGINE_FAILED = 125;

/** attach → wait → start: nothing that the command prints is missed. @returns the command's exit status */
export async function startAttached(
  engine: EngineClient,
  id: string,
  options: AttachedStart,
  terminal: Terminal,
): Promise<number> {
  const { streams, tty, detachKeys, narrator } = options;
  const { stream } = await engine.hijack('POST', apiPath`/containers/${id}/attach`, {
    query: { stream: 1, ...Object.fromEntries([...streams].map((name) => [name, 1])), detachKeys },
  });
  const waiting = await engine.stream('POST', apiPath`/containers/${id}/wait`, {
    query: { condition: options.removed ? 'removed' : 'next-exit' },
  });
  const giveBack = options.sigProxy ? proxySignals(engine, id, stream) : () => undefined;
  const attached = () => attachSession(stream, terminal, { stdin: streams.has('stdin'), tty, detachKeys });
  // What the command prints waits in the stream until the way to it has been told.
  let session = narrator === undefined ? attached() : undefined;
  let stopResizing: (() => void) | undefined;
  try {
    try {
      await startContainer(engine, id, narrator);
    } catch (error) {
      stream.destroy();
      await session?.catch(() => 'the start has failed: its error is the one to show');
      throw error;
    }
    session ??= attached();
    if (tty) {
      stopResizing = followSize(
        terminal.stdout,
        (h, w) => engine.json('POST', apiPath`/containers/${id}/resize`, { query: { h, w } }),
        () => stopResizing?.(),
      );
    }
    if ((await session) === 'detached') return 0;
    return await exitStatus(waiting);
  } finally {
    stopResizing?.();
    giveBack();
  }
}

/** The API says why a start failed in words only; docker's own client tells 126 and 127 apart by the same ones. */
function startFailureStatus(reason: string): number {
  if (/executable file not found|no such file or directory|stat .*: not found/i.test(reason)) return 127;
  if (/permission denied|is a directory|exec format error|not executable/i.test(reason)) return 126;
  return ENGINE_FAILED;
}

/** @throws WherryError with 126 or 127 where the program can't be run */
export async function startContainer(engine: EngineClient, id: string, narrator?: Narrator): Promise<void> {
  try {
    const query = narrator === undefined ? {} : { explain: true };
    const answer = await engine.json<Explanation>('POST', apiPath`/containers/${id}/start`, { query });
    narrator?.container(answer);
  } catch (error) {
    throw error instanceof EngineAnswerError ? runFailure(error, startFailureStatus(error.reason)) : error;
  }
}

export function runFailure(error: EngineAnswerError, exitCode: number): WherryError {
  return new WherryError({
    code: 'RUN_FAILED',
    message: `wherry: ${error.message}`,
    hint: "Run 'wherry run --help' for more information",
    exitCode,
    bare: true,
    cause: error,
  });
}
