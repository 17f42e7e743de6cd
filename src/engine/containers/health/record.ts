import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerEntry } from '../registry.ts';

/** Writes a container's new health down and tells everyone. */
export function recordHealth(context: ContainersContext, entry: ContainerEntry): void {
  publish(context, entry, `health_status: ${entry.record.health?.Status ?? 'none'}`);
  entry
    .exclusively(async () => {
      // What has ended meanwhile has been written down with its end.
      if (entry.state.status === 'running') await context.store.save(entry.record);
    })
    .catch(context.onBackgroundError);
}
