import type { ContainersContext } from '../../containers/context.ts';
import type { Route } from '../route.ts';
import { archiveRoutes } from './archive.ts';
import { attachHandler } from './attach.ts';
import { commitRoute } from './commit.ts';
import { containerHandlers } from './handlers.ts';
import { logsHandler } from './logs.ts';
import { statsHandler } from './stats.ts';

/** `/containers/…` of the Docker Engine API v1.51. */
export function containerRoutes(context: ContainersContext): Route[] {
  const handlers = containerHandlers(context);
  return [
    { method: 'GET', path: '/containers/json', handle: handlers.list },
    { method: 'POST', path: '/containers/create', handle: handlers.create },
    { method: 'POST', path: '/containers/prune', handle: handlers.prune },
    { method: 'GET', path: '/containers/{id}/json', handle: handlers.inspect },
    { method: 'GET', path: '/containers/{id}/explain', handle: handlers.explain },
    { method: 'GET', path: '/containers/{id}/top', handle: handlers.top },
    { method: 'GET', path: '/containers/{id}/logs', handle: logsHandler(context) },
    { method: 'GET', path: '/containers/{id}/stats', handle: statsHandler(context) },
    { method: 'POST', path: '/containers/{id}/attach', handle: attachHandler(context) },
    { method: 'POST', path: '/containers/{id}/wait', handle: handlers.wait },
    { method: 'POST', path: '/containers/{id}/start', handle: handlers.start },
    { method: 'POST', path: '/containers/{id}/stop', handle: handlers.stop },
    { method: 'POST', path: '/containers/{id}/restart', handle: handlers.restart },
    { method: 'POST', path: '/containers/{id}/kill', handle: handlers.kill },
    { method: 'POST', path: '/containers/{id}/pause', handle: handlers.pause },
    { method: 'POST', path: '/containers/{id}/unpause', handle: handlers.unpause },
    { method: 'POST', path: '/containers/{id}/resize', handle: handlers.resize },
    { method: 'POST', path: '/containers/{id}/rename', handle: handlers.rename },
    { method: 'POST', path: '/containers/{id}/update', handle: handlers.update },
    { method: 'POST', path: '/containers/{id}/exec', handle: handlers.createExec },
    { method: 'DELETE', path: '/containers/{id}', handle: handlers.remove },
    ...archiveRoutes(context),
    commitRoute(context),
  ];
}
