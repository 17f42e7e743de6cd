import { invalid } from '../../errors.ts';
import type { ApiRequest } from '../route.ts';
import { volumeResource } from '../volumes/routes.ts';
import type { UsageSources } from './backend.ts';

const TYPES = ['container', 'image', 'volume', 'build-cache'];

/** `GET /system/df` (Docker Engine API v1.51, SystemDataUsage); with `type`s only those. @throws EngineError */
export async function diskUsage(
  usage: UsageSources,
  request: Pick<ApiRequest, 'query' | 'version'>,
): Promise<Record<string, unknown>> {
  const wanted = request.query.getAll('type');
  const unknown = wanted.find((type) => !TYPES.includes(type));
  if (unknown !== undefined) throw invalid(`unknown object type: ${unknown}`);
  const has = (type: string): boolean => wanted.length === 0 || wanted.includes(type);
  const { layersSize, images } = has('image') ? usage.images() : { layersSize: 0, images: null };
  const volumes = has('volume') ? await usage.volumes() : null;
  return {
    LayersSize: layersSize,
    Images: images,
    Containers: has('container') ? await usage.containers() : null,
    Volumes:
      volumes?.map(({ volume, bytes, users }) => ({
        ...volumeResource(volume),
        UsageData: { Size: bytes, RefCount: users },
      })) ?? null,
    // Nothing is built here, so nothing is cached.
    BuildCache: has('build-cache') ? [] : null,
    ...(Number(request.version.split('.')[1]) < 42 ? { BuilderSize: 0 } : {}),
  };
}
