import type { Reference } from './reference.ts';
import { applyChanges } from './change/apply-changes.ts';
import { makeImage } from './make-image.ts';
import type { MakeContext } from './make-image.ts';
import type { Platform } from './platform.ts';

export interface ImportRequest {
  /** The root filesystem: a tar, plain or with gzip or zstd. */
  readonly tar: AsyncIterable<Buffer>;
  readonly changes: readonly string[];
  readonly message: string;
  readonly platform: Platform;
  readonly name: Reference | undefined;
}

/**
 * `docker import`: an image of one layer, with the config that the changes make.
 *
 * @returns the image's id
 * @throws EngineError invalidParameter, system
 */
export async function importImage(
  context: MakeContext,
  request: ImportRequest,
  signal: AbortSignal,
): Promise<string> {
  const { platform, message, tar, name } = request;
  const config = applyChanges({}, request.changes);
  const created = new Date().toISOString();
  const comment = message === '' ? {} : { comment: message };
  const configOf = (diffId: string | undefined) => ({
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    ...comment,
    created,
    config,
    rootfs: { type: 'layers', diff_ids: diffId === undefined ? [] : [diffId] },
    history: [{ created, ...comment }],
  });
  const id = await makeImage(context, { layer: { tar }, configOf, name }, signal);
  context.events.publish('image', 'import', id, { name: id });
  return id;
}
