import { invalid } from '../../errors.ts';
import type { ImageService } from '../../images/image-service.ts';
import { isTag, parseReference } from '../../images/reference.ts';
import type { ApiRequest, ApiResponse } from '../route.ts';
import { credentialsIn } from './auth.ts';
import { platformOfQuery } from './platform-query.ts';
import { ProgressStream } from './progress-stream.ts';

/** `POST /images/{name}/push`: one tag, or without `tag` all that the repository has here. */
export async function push(service: ImageService, request: ApiRequest, response: ApiResponse): Promise<void> {
  const named = parseReference(request.params['name'] ?? '');
  const tag = request.query.get('tag') ?? '';
  if (named.digest !== undefined) throw invalid('cannot push a digest reference');
  if (tag !== '' && !isTag(tag)) throw invalid('invalid tag format');
  const options = {
    reference: tag === '' ? named : { ...named, tag },
    platform: platformOfQuery(request.query),
    credentials: credentialsIn(request),
  };
  const stream = new ProgressStream(response);
  await stream.run(async () => await service.push(options, stream.write, request.signal));
}
