import { WherryError } from '../../core/errors.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { PullProgress, type ProgressMessage } from '../render/pull-progress.ts';

export interface PullRequest {
  readonly reference: string;
  readonly platform?: string | undefined;
  /** `always` also forbids the bundled stand-in for hello-world. */
  readonly policy?: 'always' | 'missing' | undefined;
  readonly quiet?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PulledLayers {
  readonly pulled: readonly string[];
  readonly existing: readonly string[];
}

/** `busybox` → `busybox:latest`; a digest or a tag stays. */
export function withDefaultTag(reference: string): string {
  const lastPart = reference.slice(reference.lastIndexOf('/') + 1);
  return lastPart.includes(':') || reference.includes('@') ? reference : `${reference}:latest`;
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
  const [fromImage, tag] = splitTag(withDefaultTag(request.reference));
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

/** `name@digest` keeps its digest as the tag parameter, as docker's own client sends it. */
export function splitTag(reference: string): [string, string] {
  const at = reference.indexOf('@');
  if (at !== -1) return [reference.slice(0, at), reference.slice(at + 1)];
  const colon = reference.lastIndexOf(':');
  if (colon === -1)
    throw new WherryError({ code: 'USAGE', message: `invalid reference format: ${reference}` });
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}
