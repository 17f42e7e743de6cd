import { PULL_POLICY_HEADER } from '../../../protocol/docker/images.ts';
import { invalid, notImplemented } from '../../errors.ts';
import type { ImageService } from '../../images/image-service.ts';
import { parsePlatform } from '../../images/platform.ts';
import {
  familiarReference,
  isDigest,
  isTag,
  parseReference,
  withDefaultTag,
} from '../../images/reference.ts';
import type { Reference } from '../../images/reference.ts';
import { requirePlatform } from '../../images/require-platform.ts';
import type { ApiRequest, ApiResponse, Route } from '../route.ts';
import { withUpload } from '../upload.ts';
import { fitsLabels, parseFilters } from '../../filters.ts';
import { untilOf } from '../../prune-filters.ts';
import { credentialsIn } from './auth.ts';
import { parseBoolean } from './filters.ts';
import { flagOf } from '../query.ts';
import { importHandler } from './import.ts';
import { listImages } from './list.ts';
import { platformOfQuery } from './platform-query.ts';
import { ProgressStream } from './progress-stream.ts';
import { push } from './push.ts';
import { saveRoutes } from './save.ts';
import { createdSeconds, historyOf, inspection } from './views.ts';

/** Docker Engine API v1.51, "Image". */
export function imageRoutes(service: ImageService): Route[] {
  return [
    {
      method: 'POST',
      path: '/images/create',
      handle: async (request, response) => await create(service, request, response),
    },
    {
      method: 'POST',
      path: '/images/load',
      handle: async (request, response) => await load(service, request, response),
    },
    {
      method: 'POST',
      path: '/images/prune',
      handle: async (request, response) => await prune(service, request, response),
    },
    {
      method: 'GET',
      path: '/images/json',
      handle: (request, response) => response.json(200, listImages(service, request.query)),
    },
    ...saveRoutes(service),
    {
      method: 'GET',
      path: '/images/{name...}/json',
      handle: (request, response) => {
        const platform = platformOfQuery(request.query);
        if (flagOf(request.query, 'manifests')) {
          if (platform !== undefined) {
            throw invalid('conflicting options: manifests and platform options cannot both be set');
          }
          unsupported('GET /images/{name}/json with manifests');
        }
        const image = service.store.find(nameOf(request));
        requirePlatform(image.id, image.config, platform);
        response.json(200, inspection(service, image));
      },
    },
    {
      method: 'GET',
      path: '/images/{name...}/history',
      handle: (request, response) => {
        const image = service.store.find(nameOf(request));
        requirePlatform(image.id, image.config, platformOfQuery(request.query));
        response.json(200, historyOf(service, image));
      },
    },
    {
      method: 'POST',
      path: '/images/{name...}/push',
      handle: async (request, response) => await push(service, request, response),
    },
    {
      method: 'POST',
      path: '/images/{name...}/tag',
      handle: async (request, response) => await tag(service, request, response),
    },
    {
      method: 'DELETE',
      path: '/images/{name...}',
      handle: async (request, response) => {
        response.json(200, await service.remove(nameOf(request), flagOf(request.query, 'force')));
      },
    },
  ];
}

function unsupported(what: string): never {
  throw notImplemented(`${what} is not implemented`);
}

const nameOf = (request: ApiRequest): string => request.params['name'] ?? '';

function platformOf(request: ApiRequest) {
  const text = request.query.get('platform');
  return text === null || text === '' ? undefined : parsePlatform(text);
}

async function create(service: ImageService, request: ApiRequest, response: ApiResponse): Promise<void> {
  const { query } = request;
  if (query.get('fromSrc')) return await importHandler(service, request, response);
  const name = query.get('fromImage') ?? '';
  if (name === '') throw invalid('invalid reference format');
  const reference = pullReference(name, query.get('tag') ?? '');
  const policy = request.raw.headers[PULL_POLICY_HEADER.toLowerCase()];
  const options = {
    reference,
    platform: platformOf(request),
    credentials: credentialsIn(request),
    registryOnly: policy === 'always',
  };
  const stream = new ProgressStream(response);
  await stream.run(async () => await service.pull(options, stream.write, request.signal));
}

/** `tag` is a tag or a digest; it wins over what `fromImage` says. Without either, all tags are meant. */
function pullReference(name: string, tagOrDigest: string): Reference {
  // Docker's clients have sent `name:` for all tags.
  const reference = parseReference(name.replace(/:$/, ''));
  if (tagOrDigest === '') return reference;
  if (isDigest(tagOrDigest)) return { ...reference, digest: tagOrDigest };
  if (!isTag(tagOrDigest)) throw invalid('invalid reference format');
  return { ...reference, tag: tagOrDigest };
}

async function load(service: ImageService, request: ApiRequest, response: ApiResponse): Promise<void> {
  const quiet = flagOf(request.query, 'quiet');
  const stream = new ProgressStream(response);
  const sink = quiet ? () => undefined : stream.write;
  await stream.run(async () => {
    const platform = platformOfQuery(request.query);
    const images = await withUpload(
      request,
      async (body) => await service.load(body, platform, sink, request.signal),
    );
    for (const { id, references } of images) {
      if (references.length === 0) stream.write({ stream: `Loaded image ID: ${id}\n` });
      for (const reference of references) {
        stream.write({ stream: `Loaded image: ${familiarReference(parseReference(reference))}\n` });
      }
    }
  });
}

async function tag(service: ImageService, request: ApiRequest, response: ApiResponse): Promise<void> {
  const repository = parseReference(request.query.get('repo') ?? '');
  if (repository.digest !== undefined) throw invalid('refusing to create a tag with a digest reference');
  const name = request.query.get('tag') ?? '';
  if (name !== '' && !isTag(name)) throw invalid('invalid tag format');
  await service.tag(nameOf(request), withDefaultTag(name === '' ? repository : { ...repository, tag: name }));
  response.empty(201);
}

/** `blobs` is Wherry's own, and a filter because any client can send those: `docker image prune --filter blobs=true`. */
async function prune(service: ImageService, request: ApiRequest, response: ApiResponse): Promise<void> {
  const filters = parseFilters(request.query.get('filters'), [
    'blobs',
    'dangling',
    'label',
    'label!',
    'until',
  ]);
  const until = untilOf(filters);
  const { removed, bytes } = await service.prune(
    {
      dangling: parseBoolean(filters.get('dangling')?.[0], 'dangling') ?? true,
      blobs: parseBoolean(filters.get('blobs')?.[0], 'blobs') ?? false,
    },
    ({ config }) =>
      fitsLabels(filters, config.config?.Labels ?? {}) &&
      (until === undefined || createdSeconds(config) * 1000 <= until),
  );
  response.json(200, { ImagesDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: bytes });
}
