import type { Route } from '../route.ts';
import type { SystemBackend } from './backend.ts';
import { streamEvents } from './events.ts';
import { diskUsage } from './disk-usage.ts';
import { ping } from './ping.ts';

/** `/_ping`, `/version`, `/info`, `/events`, `/system/df`, `/build/prune`. */
export function systemRoutes(backend: SystemBackend): Route[] {
  return [
    { method: 'HEAD', path: '/_ping', handle: ping },
    { method: 'GET', path: '/_ping', handle: ping },
    {
      method: 'GET',
      path: '/version',
      handle: async (_request, response) => response.json(200, await backend.version()),
    },
    {
      method: 'GET',
      path: '/info',
      handle: async (_request, response) => response.json(200, await backend.info()),
    },
    {
      method: 'GET',
      path: '/events',
      handle: (request, response) => streamEvents(backend.events, request, response),
    },
    {
      method: 'GET',
      path: '/system/df',
      handle: async (request, response) => response.json(200, await diskUsage(backend.usage, request)),
    },
    {
      method: 'POST',
      path: '/build/prune',
      // Nothing is built here, so nothing of it is left; `docker system prune` asks.
      handle: (_request, response) => response.json(200, { CachesDeleted: null, SpaceReclaimed: 0 }),
    },
    // Nothing of these kinds can exist here; clients list and look up all kinds when they search for a name.
    { method: 'GET', path: '/plugins', handle: (_request, response) => response.json(200, []) },
    {
      method: 'GET',
      path: '/plugins/{name...}/json',
      handle: (request, response) =>
        response.json(404, { message: `plugin ${JSON.stringify(request.params['name'])} not found` }),
    },
  ];
}
