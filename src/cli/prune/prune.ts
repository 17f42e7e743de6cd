import type { EngineClient } from '../engine-client/client.ts';
import { filtersQuery } from '../flags/filters.ts';

/**
 * What a prune did: the lines that docker prints of it (none where nothing went), and the bytes that became free;
 * undefined where nothing takes any, as with networks.
 */
export interface Pruned {
  readonly lines: readonly string[];
  readonly bytes: number | undefined;
}

interface PruneAnswer {
  readonly SpaceReclaimed?: number;
  readonly ContainersDeleted?: readonly string[] | null;
  readonly NetworksDeleted?: readonly string[] | null;
  readonly VolumesDeleted?: readonly string[] | null;
  readonly ImagesDeleted?: readonly { readonly Untagged?: string; readonly Deleted?: string }[] | null;
}

/** `POST /KIND/prune` (Docker Engine API v1.51). @throws WherryError USAGE where a filter is none */
export async function prune(
  engine: EngineClient,
  kind: 'containers' | 'networks' | 'volumes' | 'images',
  filters: readonly string[] = [],
): Promise<Pruned> {
  const answer = await engine.json<PruneAnswer>('POST', `/${kind}/prune`, {
    query: { filters: filtersQuery([...filters]) },
  });
  const images = (answer.ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
    Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`,
  );
  const gone = answer.ContainersDeleted ?? answer.NetworksDeleted ?? answer.VolumesDeleted ?? images;
  const title = `Deleted ${kind.charAt(0).toUpperCase()}${kind.slice(1)}:`;
  return { lines: gone.length === 0 ? [] : [title, ...gone, ''], bytes: answer.SpaceReclaimed };
}

/** Images without a name, or with `all` those that no container was made of. */
export async function pruneImages(
  engine: EngineClient,
  all: boolean,
  filters: readonly string[],
): Promise<Pruned> {
  return await prune(engine, 'images', [...filters, `dangling=${all ? 'false' : 'true'}`]);
}

/** Everything that nothing needs, in docker's order: what goes first may free what comes after. */
export async function pruneSystem(
  engine: EngineClient,
  options: { readonly all: boolean; readonly volumes: boolean; readonly filters: readonly string[] },
): Promise<Pruned> {
  const { all, filters } = options;
  const done = [await prune(engine, 'containers', filters), await prune(engine, 'networks', filters)];
  if (options.volumes) done.push(await prune(engine, 'volumes', filters));
  done.push(await pruneImages(engine, all, filters));
  return {
    lines: done.flatMap(({ lines }) => lines),
    bytes: done.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
  };
}
