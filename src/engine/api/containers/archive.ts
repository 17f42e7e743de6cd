import { insideIds } from '../../containers/commit/inside-ids.ts';
import { layerTar } from '../../containers/commit/layer-tar.ts';
import { archivePath, archiveRoot } from '../../containers/files/archive-path.ts';
import { changesOf } from '../../containers/files/changes.ts';
import { cleanPath } from '../../containers/files/container-path.ts';
import { copyIn } from '../../containers/files/copy-in.ts';
import { pathError } from '../../containers/files/file-errors.ts';
import { statPath } from '../../containers/files/path-stat.ts';
import type { PathStat } from '../../containers/files/path-stat.ts';
import { withFiles, withRoot } from '../../containers/files/with-files.ts';
import { publish } from '../../containers/context.ts';
import type { ContainersContext } from '../../containers/context.ts';
import type { ContainerEntry } from '../../containers/registry.ts';
import { invalid } from '../../errors.ts';
import { flagOf } from '../query.ts';
import type { ApiRequest, ApiResponse, Route } from '../route.ts';
import { sendArchive } from '../send-archive.ts';

/** `/containers/{id}/archive`, `/export` and `/changes` (Docker Engine API v1.51). */
export function archiveRoutes(context: ContainersContext): Route[] {
  const path = '/containers/{id}/archive';
  return [
    { method: 'HEAD', path, handle: (request, response) => head(context, request, response) },
    { method: 'GET', path, handle: (request, response) => copyOut(context, request, response) },
    { method: 'PUT', path, handle: (request, response) => upload(context, request, response) },
    {
      method: 'GET',
      path: '/containers/{id}/export',
      handle: (request, response) => exportRoot(context, request, response),
    },
    {
      method: 'GET',
      path: '/containers/{id}/changes',
      handle: async (request, response) => {
        const changes = await withRoot(context, context.registry.find(request.params['id'] ?? ''), changesOf);
        // What Go prints of a list that nothing was put into.
        response.json(200, changes.length === 0 ? null : changes);
      },
    },
  ];
}

/** The container and the path that a request names, and the words that errors have for them. */
function target(context: ContainersContext, request: ApiRequest) {
  const name = request.params['id'] ?? '';
  const entry = context.registry.find(name);
  const path = request.query.get('path') ?? '';
  if (path === '') throw invalid('bad parameter: path cannot be empty');
  return { entry, path, fail: (error: unknown) => pathError(error, path, name) };
}

const STAT_HEADER = 'X-Docker-Container-Path-Stat';
const READ = { mounts: true, readOnly: true };
const encoded = (stat: PathStat): string => Buffer.from(JSON.stringify(stat)).toString('base64');

async function head(context: ContainersContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const { entry, path, fail } = target(context, request);
  let stat: PathStat;
  try {
    stat = await withFiles(context, entry, READ, async (view) => statPath(view, cleanPath(path)));
  } catch (error) {
    throw fail(error);
  }
  response.raw.setHeader(STAT_HEADER, encoded(stat));
  response.empty(200);
}

async function copyOut(
  context: ContainersContext,
  request: ApiRequest,
  response: ApiResponse,
): Promise<void> {
  const { entry, path, fail } = target(context, request);
  try {
    await withFiles(context, entry, READ, async (view) => {
      const clean = cleanPath(path);
      const stat = statPath(view, clean);
      response.raw.setHeader(STAT_HEADER, encoded(stat));
      await sendArchive(archivePath(view, clean, stat), request, response);
    });
  } catch (error) {
    throw fail(error);
  }
  publish(context, entry, 'archive-path');
}

async function exportRoot(
  context: ContainersContext,
  request: ApiRequest,
  response: ApiResponse,
): Promise<void> {
  const entry: ContainerEntry = context.registry.find(request.params['id'] ?? '');
  if (flagOf(request.query, 'layer')) {
    await exportLayer(context, entry, request, response);
    return;
  }
  // Without its volumes, as Docker's: they aren't the container's own.
  await withFiles(context, entry, { mounts: false, readOnly: true }, async (view) => {
    await sendArchive(archiveRoot(view), request, response);
  });
  publish(context, entry, 'export');
}

/** Not moby's: the container's own layer alone, as `commit` would take it. The header tells that it is that. */
async function exportLayer(
  context: ContainersContext,
  entry: ContainerEntry,
  request: ApiRequest,
  response: ApiResponse,
): Promise<void> {
  await withRoot(context, entry, async (rootfs) => {
    response.raw.setHeader('X-Wherry-Export', 'layer');
    await sendArchive(layerTar(rootfs, insideIds(context, entry)), request, response);
  });
  publish(context, entry, 'export');
}

async function upload(context: ContainersContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const { entry, path, fail } = target(context, request);
  const body = request.raw.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  try {
    await copyIn(context, entry, body, {
      path,
      noOverwriteDirNonDir: flagOf(request.query, 'noOverwriteDirNonDir'),
      copyUIDGID: flagOf(request.query, 'copyUIDGID'),
    });
  } catch (error) {
    // The client sends on until it has been heard out; only then does it look at the answer.
    request.raw.resume();
    throw fail(error);
  }
  response.empty(200);
}
