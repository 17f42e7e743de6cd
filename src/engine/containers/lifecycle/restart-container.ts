import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerEntry } from '../registry.ts';
import { startContainer } from './start-container.ts';
import { stopContainer } from './stop-container.ts';
import type { StopOptions } from './stop-container.ts';

/** `docker restart`: stops what runs and starts it again; a container that is removed when it ends is kept for that. */
export async function restartContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  options: StopOptions,
): Promise<void> {
  entry.keepOnExit = true;
  try {
    await stopContainer(context, entry, options);
  } finally {
    entry.keepOnExit = false;
  }
  await startContainer(context, entry);
  publish(context, entry, 'restart');
}
