import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiResponse } from './route.ts';

/** The raw connection of a request that may be hijacked; see `connection.ts`. */
export interface Takeover {
  readonly request: IncomingMessage;
  /** Call once: the HTTP side lets go, and the stream is the connection with its early bytes put back. */
  take(): Duplex;
}

/** The {@link ApiResponse} over a ServerResponse. `takeover` is undefined where the route can't hijack. */
export function makeResponse(raw: ServerResponse, takeover: Takeover | undefined): ApiResponse {
  return {
    raw,
    json(status, body) {
      // A line end after the body, as Go's JSON encoder leaves one and shell users like it.
      const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
      raw.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
      raw.end(bytes);
    },
    empty(status) {
      raw.writeHead(status, status === 204 || status === 304 ? {} : { 'Content-Length': 0 });
      raw.end();
    },
    stream(status, contentType) {
      raw.writeHead(status, { 'Content-Type': contentType });
      raw.flushHeaders();
      return raw;
    },
    hijack(contentType) {
      if (takeover === undefined) throw new Error('this route is not in the list of hijacking routes');
      const stream = takeover.take();
      stream.write(takeoverHead(takeover.request, contentType));
      return stream;
    },
  };
}

/**
 * moby's answers to a hijack: with an `Upgrade` header 101 and the stream's real type, without one 200 and always the
 * raw type (moby daemon/server/router/container, postContainersAttach).
 */
function takeoverHead(request: IncomingMessage, contentType: string): string {
  const protocol = request.headers.upgrade;
  if (protocol === undefined) {
    return 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n';
  }
  return `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
}
