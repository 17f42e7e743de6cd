import { WherryError } from '../../core/errors.ts';
import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import { registryAuth } from '../registry/registry-auth.ts';
import { PullProgress, type ProgressMessage } from '../render/pull-progress.ts';
import type { Terminal } from '../streams/terminal.ts';

export interface PushRequest {
  readonly name: string;
  /** Undefined: all tags. */
  readonly tag: string | undefined;
  readonly platform: string | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/** Pushes through the engine and draws its progress. @throws EngineAnswerError, WherryError PUSH_FAILED */
export async function pushImage(
  engine: EngineClient,
  { name, tag, platform, quiet, signal }: PushRequest,
  terminal: Terminal,
): Promise<void> {
  const response = await engine.stream('POST', apiPath`/images/${name}/push`, {
    query: { tag, platform },
    headers: await registryAuth(name, terminal.stderr, signal),
    signal,
  });
  const progress = new PullProgress(terminal.stdout);
  for await (const message of jsonLines<ProgressMessage>(response)) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) {
      // Docker shows it as it is, without the daemon's prefix.
      throw new WherryError({ code: 'PUSH_FAILED', message: failure, bare: true });
    }
    if (!quiet && message.aux === undefined) progress.show(message);
  }
}
