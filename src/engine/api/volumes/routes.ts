import type { Route } from '../route.ts';

/**
 * Volumes aren't built yet: there are none, which is what listing and looking one up truthfully says (clients do both
 * when they search for a name). Creating one answers 501 through the list of moby's routes.
 */
export function volumeRoutes(): Route[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      handle: (_request, response) => response.json(200, { Volumes: [], Warnings: null }),
    },
    {
      method: 'GET',
      path: '/volumes/{name}',
      handle: (request, response) =>
        response.json(404, { message: `get ${request.params['name']}: no such volume` }),
    },
  ];
}
