import { WherryError } from '../../core/errors.ts';
import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { followSize, type Terminal } from '../streams/terminal.ts';
import { attachSession } from './attach-session.ts';
import { exitStatus } from './exit-status.ts';
import { proxySignals } from './proxy-signals.ts';

export interface AttachRequest {
  readonly container: string;
  readonly stdin: boolean;
  readonly sigProxy: boolean;
  readonly detachKeys: string | undefined;
}

/** What `attach` wants to know of a container. */
interface Inspected {
  readonly Id: string;
  readonly State: { readonly Running: boolean; readonly Paused: boolean; readonly Restarting: boolean };
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
}

/** Joins the terminal to a container that runs. @returns the container's exit status; 0 where detached */
export async function attachContainer(
  engine: EngineClient,
  request: AttachRequest,
  terminal: Terminal,
): Promise<number> {
  const {
    Id: id,
    State,
    Config,
  } = await engine.json<Inspected>('GET', apiPath`/containers/${request.container}/json`);
  // docker's client says so (docker CLI, cli/command/container/attach.go).
  if (!State.Running) throw refusal('cannot attach to a stopped container, start it first');
  if (State.Paused) throw refusal('cannot attach to a paused container, unpause it first');
  if (State.Restarting) throw refusal('cannot attach to a restarting container, wait until it is running');
  const stdin = request.stdin && Config.OpenStdin;
  if (stdin && Config.Tty && !terminal.stdin.isTTY) throw refusal('the input device is not a TTY');
  const waiting = await engine.stream('POST', apiPath`/containers/${id}/wait`);
  const { stream } = await engine.hijack('POST', apiPath`/containers/${id}/attach`, {
    query: {
      stream: 1,
      stdout: 1,
      stderr: 1,
      ...(stdin ? { stdin: 1 } : {}),
      detachKeys: request.detachKeys,
    },
  });
  const giveBack = request.sigProxy && !Config.Tty ? proxySignals(engine, id, stream) : () => undefined;
  let stopResizing: (() => void) | undefined;
  try {
    if (Config.Tty) {
      stopResizing = followSize(
        terminal.stdout,
        (h, w) => engine.json('POST', apiPath`/containers/${id}/resize`, { query: { h, w } }),
        () => stopResizing?.(),
      );
    }
    const { detachKeys } = request;
    const end = await attachSession(stream, terminal, { stdin, tty: Config.Tty, detachKeys });
    return end === 'detached' ? 0 : await exitStatus(waiting);
  } finally {
    stopResizing?.();
    giveBack();
    waiting.destroy();
  }
}

function refusal(message: string): WherryError {
  return new WherryError({ code: 'USAGE', message, bare: true });
}
