import type { ApiRequest } from './route.ts';

/**
 * Works on a body that is too large to be held. Where the work fails before the body's end, the rest is read and
 * dropped: clients send on until they have been heard out, and only then look at the answer.
 */
export async function withUpload<T>(
  request: ApiRequest,
  work: (body: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  try {
    return await work(request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>);
  } catch (error) {
    request.raw.resume();
    throw error;
  }
}
