import { EngineError, conflict } from '../../errors.ts';
import { familiarReference } from '../../images/reference.ts';
import type { Reference } from '../../images/reference.ts';
import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { withRoot } from '../files/with-files.ts';
import { pauseContainer, unpauseContainer } from '../lifecycle/stop-container.ts';
import type { ContainerEntry } from '../registry.ts';
import { committedConfig, committedImage } from './committed-config.ts';
import { insideIds } from './inside-ids.ts';
import { layerTar } from './layer-tar.ts';

export interface CommitRequest {
  /** ContainerConfig of the Engine API, as it came. */
  readonly body: unknown;
  readonly changes: readonly string[];
  readonly author: string;
  readonly comment: string;
  /** Nothing of it runs while its files are read. */
  readonly pause: boolean;
  readonly name: Reference | undefined;
}

/**
 * `docker commit`: the container's own layer becomes the topmost of a new image.
 *
 * @returns the image's id
 * @throws EngineError conflict for a container that is being removed, invalidParameter
 */
export async function commitContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  request: CommitRequest,
  signal: AbortSignal,
): Promise<string> {
  const { record } = entry;
  const config = committedConfig(record, request.body, request.changes);
  const id = await withRoot(context, entry, async (rootfs) => {
    const resume = request.pause ? await paused(context, entry) : async () => undefined;
    try {
      return await context.maker.make(
        {
          layer: {
            tar: layerTar(rootfs, insideIds(context, entry)),
            onRead: async () => {
              // Its files go while they are read, and what isn't there any more is no error there.
              if (entry.removing)
                throw conflict(`container ${entry.id} was removed while it was being committed`);
              await resume();
            },
          },
          parent: record.imageId,
          configOf: committedImage(record, config, request),
          name: request.name,
        },
        signal,
      );
    } finally {
      await resume();
    }
  });
  publish(context, entry, 'commit', {
    comment: request.comment,
    imageID: id,
    imageRef: request.name === undefined ? '' : familiarReference(request.name),
  });
  return id;
}

/** Pauses what runs. @returns the function that lets it go on; only the first call does */
async function paused(context: ContainersContext, entry: ContainerEntry): Promise<() => Promise<void>> {
  if (entry.state.status !== 'running' || entry.state.paused) return async () => undefined;
  const isOurs = await unlessOtherwise(pauseContainer(context, entry));
  let done = !isOurs;
  return async () => {
    if (done) return;
    done = true;
    await unlessOtherwise(unpauseContainer(context, entry));
  };
}

/** It may have ended meanwhile, or somebody else has paused or continued it: that is as good. @returns false then */
async function unlessOtherwise(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'conflict')) throw error;
    return false;
  }
}
