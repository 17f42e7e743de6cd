import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A request whose path, query and API version have been taken apart. */
export interface ApiRequest {
  readonly raw: IncomingMessage;
  readonly method: string;
  /** Named parameters of the route's pattern, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Negotiated version, e.g. `1.51`; the server's own where the path carries none. */
  readonly version: string;
  /** Parsed JSON body, bounded to 4 MiB; undefined for an empty body. @throws EngineError invalidParameter */
  json(): Promise<unknown>;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly raw: ServerResponse;
  json(status: number, body: unknown): void;
  empty(status: number): void;
  /** Sends the status line and headers at once; each write is a chunk of its own, unbuffered. */
  stream(status: number, contentType: string): ServerResponse;
  /**
   * Takes the connection over (Docker's hijack): `101 UPGRADED` where the client sent `Upgrade`, `200` otherwise. The
   * returned stream is raw in both directions and allows half-open; bytes that came early are not lost. When the client
   * goes it closes; its errors need no listener.
   */
  hijack(contentType: string): Duplex;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** `/containers/{id}/json`; a parameter written `{name...}` takes the rest of the path, slashes included. */
  readonly path: string;
  readonly handle: (request: ApiRequest, response: ApiResponse) => Promise<void> | void;
}
