import { jsonLines } from '../engine-client/json-lines.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { splitTag, withDefaultTag } from './image-name.ts';
import { PullProgress, type ProgressMessage } from '../render/pull-progress.ts';

export interface PullRequest {
  readonly reference: string;
  readonly platform?: string | undefined;
  /** All tags that the repository has; `reference` is a name alone. */
  readonly allTags?: boolean | undefined;
  /** `always` also forbids the bundled stand-in for hello-world. */
  readonly policy?: 'always' | 'missing' | undefined;
  readonly quiet?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PulledLayers {
  readonly pulled: readonly string[];
  readonly existing: readonly string[];
}

/**
 * Pulls through the engine and draws its progress.
 * @returns the layers by their short ids
 * @throws WherryError PULL_FAILED with the engine's or registry's reason
 */
export async function pullImage(
  engine: EngineClient,
  request: PullRequest,
  out: NodeJS.WriteStream,
  stderr: NodeJS.WritableStream,
): Promise<PulledLayers> {
  const { reference } = request;
  const [fromImage, tag] =
    request.allTags === true ? [reference, undefined] : splitTag(withDefaultTag(reference));
  // Read when something is pulled, and not at every start of a container.
  const { registryAuth } = await import('../registry/registry-auth.ts');
  const signal = request.signal ?? new AbortController().signal;
  const response = await engine.stream('POST', '/images/create', {
    query: { fromImage, tag, platform: request.platform },
    headers: {
      ...(await registryAuth(fromImage, stderr, signal)),
      ...(request.policy === 'always' ? { 'X-Wherry-Pull': 'always' } : {}),
    },
    signal: request.signal,
  });
  const progress = new PullProgress(out);
  const layers = { pulled: [] as string[], existing: [] as string[] };
  for await (const message of jsonLines<ProgressMessage>(response)) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new EngineAnswerError(500, failure);
    if (request.quiet !== true) progress.show(message);
    if (message.status === 'Pull complete') layers.pulled.push(message.id ?? '');
    if (message.status === 'Already exists') layers.existing.push(message.id ?? '');
  }
  return layers;
}
