import { invalid } from '../../errors.ts';
import type { ImageService } from '../../images/image-service.ts';
import { nativePlatform, parsePlatform } from '../../images/platform.ts';
import type { ApiRequest, ApiResponse } from '../route.ts';
import { withUpload } from '../upload.ts';
import { newName } from './new-name.ts';
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
  const stream = new ProgressStream(response);
  await stream.run(async () => {
    const id = await withUpload(
      request,
      async (body) =>
        await service.import(source === '-' ? body : source, options, stream.write, request.signal),
    );
    stream.write({ status: id });
  });
}
