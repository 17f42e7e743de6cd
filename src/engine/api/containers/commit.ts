import { commitContainer } from '../../containers/commit/commit-container.ts';
import type { ContainersContext } from '../../containers/context.ts';
import { newName } from '../images/new-name.ts';
import { flagOf } from '../query.ts';
import type { Route } from '../route.ts';

/** `POST /commit` (Docker Engine API v1.51, "Image": "Create a new image from a container"). */
export function commitRoute(context: ContainersContext): Route {
  return {
    method: 'POST',
    path: '/commit',
    handle: async (request, response) => {
      const { query } = request;
      const entry = context.registry.find(query.get('container') ?? '');
      const commit = {
        body: await request.json(),
        changes: query.getAll('changes'),
        author: query.get('author') ?? '',
        comment: query.get('comment') ?? '',
        pause: (query.get('pause') ?? '') === '' || flagOf(query, 'pause'),
        name: newName(query.get('repo') ?? '', query.get('tag') ?? ''),
      };
      response.json(201, { Id: await commitContainer(context, entry, commit, request.signal) });
    },
  };
}
