import type { VolumeResource } from '../../../protocol/docker/volumes.ts';
import { EngineError, invalid } from '../../errors.ts';
import { allows, fitsLabels, parseFilters } from '../../filters.ts';
import type { Filters } from '../../filters.ts';
import { ANONYMOUS_LABEL, LOCAL_DRIVER } from '../../volumes/contract.ts';
import type { Volume } from '../../volumes/contract.ts';
import type { VolumeView } from '../../volumes/volumes.ts';
import { flagOf } from '../query.ts';
import type { Route } from '../route.ts';
import type { VolumesBackend } from './backend.ts';
import { parseVolumeCreate } from './create.ts';

const LIST_FILTERS = ['name', 'label', 'label!', 'dangling', 'driver'];
const PRUNE_FILTERS = ['label', 'label!', 'all'];

/** `/volumes` of the Docker Engine API v1.51. */
export function volumeRoutes(backend: VolumesBackend): Route[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      handle: (request, response) => {
        const filters = parseFilters(request.query.get('filters'), LIST_FILTERS);
        const dangling = truth(filters, 'dangling');
        const found = backend.list().filter((view) => matches(view, filters, dangling));
        response.json(200, { Volumes: found.map(({ volume }) => volumeResource(volume)), Warnings: null });
      },
    },
    {
      method: 'GET',
      path: '/volumes/{name}',
      handle: (request, response) =>
        response.json(200, volumeResource(backend.get(request.params['name'] ?? ''))),
    },
    {
      method: 'POST',
      path: '/volumes/create',
      handle: async (request, response) => {
        response.json(201, volumeResource(await backend.create(parseVolumeCreate(await request.json()))));
      },
    },
    {
      method: 'DELETE',
      path: '/volumes/{name}',
      handle: async (request, response) => {
        try {
          await backend.remove(request.params['name'] ?? '');
        } catch (error) {
          // Force means that it is gone afterwards, not that it was there.
          const gone = error instanceof EngineError && error.kind === 'notFound';
          if (!(gone && flagOf(request.query, 'force'))) throw error;
        }
        response.empty(204);
      },
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      handle: async (request, response) => {
        const filters = parseFilters(request.query.get('filters'), PRUNE_FILTERS);
        // Before API 1.42 every unused volume went; since then only those that nobody named (moby volume/service).
        const all = truth(filters, 'all') ?? Number(request.version.split('.')[1]) < 42;
        const { names, bytes } = await backend.prune(
          ({ labels }) =>
            (all || Object.hasOwn(labels ?? {}, ANONYMOUS_LABEL)) && fitsLabels(filters, labels ?? {}),
        );
        response.json(200, { VolumesDeleted: names, SpaceReclaimed: bytes });
      },
    },
  ];
}

/** The one value of a filter that is true or false. @throws EngineError invalidParameter */
function truth(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key) ?? [];
  if (values.length === 0) return undefined;
  const [yes, no] = [
    ['1', 'true'],
    ['0', 'false'],
  ].map((words) => values.some((value) => words.includes(value)));
  if (yes === no) throw invalid(`invalid filter '${key}=[${values.join(' ')}]'`);
  return yes;
}

function matches({ volume, users }: VolumeView, filters: Filters, dangling: boolean | undefined): boolean {
  return (
    allows(filters, 'name', (value) => nameMatches(volume.name, value)) &&
    allows(filters, 'driver', (value) => value === LOCAL_DRIVER) &&
    fitsLabels(filters, volume.labels ?? {}) &&
    (dangling === undefined || dangling === (users.size === 0))
  );
}

/** A regular expression over the name, as moby takes it. @throws EngineError invalidParameter */
function nameMatches(name: string, wanted: string): boolean {
  try {
    return new RegExp(wanted).test(name);
  } catch (error) {
    throw invalid(`invalid filter 'name=${wanted}'`, error);
  }
}

/** A volume as the API shows it. */
export function volumeResource(volume: Volume): VolumeResource {
  return {
    CreatedAt: volume.createdAt,
    Driver: LOCAL_DRIVER,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: null,
    Scope: 'local',
  };
}
