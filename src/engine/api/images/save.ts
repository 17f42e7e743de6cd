import type { ImageService } from '../../images/image-service.ts';
import type { ApiRequest, Route } from '../route.ts';
import { sendArchive } from '../send-archive.ts';
import { platformOfQuery } from './platform-query.ts';

/** `docker save`: one image or several, in one archive. */
export function saveRoutes(service: ImageService): Route[] {
  const route = (path: string, namesOf: (request: ApiRequest) => string[]): Route => ({
    method: 'GET',
    path,
    handle: async (request, response) => {
      const archive = service.save(namesOf(request), platformOfQuery(request.query), request.signal);
      await sendArchive(archive, request, response);
    },
  });
  return [
    route('/images/get', ({ query }) => query.getAll('names').filter((name) => name !== '')),
    route('/images/{name...}/get', ({ params }) => [params['name'] ?? '']),
  ];
}
