import type { ApiRequest, ApiResponse } from '../route.ts';

/** The first request of every client. `Builder-Version` 1: there is no BuildKit in here. */
export function ping(request: ApiRequest, response: ApiResponse): void {
  const head = request.method === 'HEAD';
  response.raw.writeHead(200, {
    'Builder-Version': '1',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    'Content-Length': head ? 0 : 2,
    'Content-Type': 'text/plain; charset=utf-8',
    Pragma: 'no-cache',
    Swarm: 'inactive',
  });
  response.raw.end(head ? undefined : 'OK');
}
