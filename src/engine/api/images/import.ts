import { invalid } from '../../errors.ts';
import type { ImageService } from '../../images/image-service.ts';
import { nativePlatform, parsePlatform } from '../../images/platform.ts';
import { isTag, parseReference, withDefaultTag } from '../../images/reference.ts';
import type { Reference } from '../../images/reference.ts';
import type { ApiRequest, ApiResponse } from '../route.ts';
import { ProgressStream } from './progress-stream.ts';

/** `POST /images/create?fromSrc=…`: `-` is the body, anything else a URL that the engine fetches. */
export async function importHandler(
  service: ImageService,
  request: ApiRequest,
  response: ApiResponse,
): Promise<void> {
  const { query } = request;
  const source = query.get('fromSrc') ?? '';
  const platform = query.get('platform') || undefined;
  const options = {
    changes: query.getAll('changes'),
    message: query.get('message') ?? '',
    platform: platform === undefined ? nativePlatform() : parsePlatform(platform),
    name: newName(query.get('repo') ?? '', query.get('tag') ?? ''),
  };
  if (options.platform.os !== 'linux') {
    throw invalid(`operating system "${options.platform.os}" is not supported: images here are for linux`);
  }
  const body = request.raw as AsyncIterable<Buffer>;
  const stream = new ProgressStream(response);
  await stream.run(async () => {
    const id = await service.import(source === '-' ? body : source, options, stream.write, request.signal);
    stream.write({ status: id });
  });
}

/**
 * The name that a new image is to have; undefined for none. @throws EngineError invalidParameter
 */
export function newName(repository: string, tag: string): Reference | undefined {
  if (repository === '') return undefined;
  const reference = parseReference(repository);
  if (reference.digest !== undefined) {
    throw invalid(`"${repository}" can't name a new image: it has a digest. Give it a tag, or none`);
  }
  if (tag !== '' && !isTag(tag)) throw invalid('invalid tag format');
  return withDefaultTag(tag === '' ? reference : { ...reference, tag });
}
