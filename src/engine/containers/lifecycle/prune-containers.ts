import { EngineError } from '../../errors.ts';
import { fitsLabels } from '../../filters.ts';
import type { Filters } from '../../filters.ts';
import { untilOf } from '../../prune-filters.ts';
import type { ContainersContext } from '../context.ts';
import { isUp } from '../registry.ts';
import { removeContainer } from './remove-container.ts';

export const PRUNE_FILTERS = ['label', 'label!', 'until'];

/**
 * Removes the containers that don't run and that `filters` let through; volumes stay.
 *
 * @returns their ids, and the bytes that their writable layers took
 */
export async function pruneContainers(
  context: ContainersContext,
  filters: Filters,
): Promise<{ ids: string[]; bytes: number }> {
  const until = untilOf(filters);
  const ids: string[] = [];
  let bytes = 0;
  for (const entry of context.registry.all()) {
    const { record } = entry;
    if (isUp(entry.state) || entry.removing || !fitsLabels(filters, record.config.Labels)) continue;
    if (until !== undefined && Date.parse(record.created) > until) continue;
    try {
      const size = await context.rootfs.size(entry.id);
      await removeContainer(context, entry, { force: false, volumes: false });
      bytes += size;
      ids.push(entry.id);
    } catch (error) {
      // Somebody has started or removed it meanwhile; what else goes wrong with one is no reason to keep the others.
      if (!(error instanceof EngineError && error.kind === 'conflict')) context.onBackgroundError(error);
    }
  }
  context.events.publish('container', 'prune', '', { reclaimed: String(bytes) });
  return { ids, bytes };
}
