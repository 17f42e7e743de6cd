import { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { mayHijack } from './router.ts';
import type { Takeover } from './response.ts';

/**
 * Docker clients take a connection over with `Upgrade: tcp`, and some without it. Node detaches its HTTP parser from a
 * connection only for an upgrade, so every request of a hijacking route says that it is one: the parser goes, the
 * `upgrade` event hands the bare connection over, and what turns out not to be hijacked after all (an error, a
 * detached exec) is answered on it and the connection closed.
 */
export class HijackableRequest extends IncomingMessage {
  // Not a class field with a value: IncomingMessage's constructor assigns `upgrade` before fields exist.
  declare private asked: boolean | undefined;

  // Node's HTTP parser assigns and reads `upgrade`; by the time that it reads, method and URL are known.
  get upgrade(): boolean {
    return this.asked === true || mayHijack(this.method ?? '', this.url ?? '');
  }

  set upgrade(value: boolean) {
    this.asked = value;
  }
}

/** Only a hijacking route upgrades; on any other, an `Upgrade` header is ignored, as HTTP allows. */
export function shouldUpgrade(request: IncomingMessage): boolean {
  return mayHijack(request.method ?? '', request.url ?? '');
}

/**
 * A connection's error means that the client went: `close` follows and says so. This listener stays for the whole of
 * the connection's life: an error that nobody listens to would end the engine.
 */
const clientWent = (): void => undefined;

/** What the `upgrade` event gives, as a response that can be either answered or taken over. */
export function upgradeResponse(
  request: IncomingMessage,
  connection: Duplex,
  head: Buffer,
): { readonly response: ServerResponse; readonly takeover: Takeover } {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // The types say Socket; what is used of it are the methods of a Duplex.
  const socket = connection as Parameters<ServerResponse['assignSocket']>[0];
  response.assignSocket(socket);
  response.once('finish', () => {
    response.detachSocket(socket);
    connection.end();
    // What the client still sends is nobody's; unread, its own end would go unseen and the connection stay for ever.
    connection.resume();
  });
  connection.on('error', clientWent);
  return {
    response,
    takeover: {
      request,
      take() {
        if (response.headersSent) throw new Error('the response has already begun');
        response.detachSocket(socket);
        if (head.length > 0) connection.unshift(head);
        return connection;
      },
    },
  };
}

type ParseError = Error & { readonly rawPacket?: Buffer; readonly bytesParsed?: number };

/**
 * A client that hijacks without an `Upgrade` header may send input in one packet with its request. Node's parser takes
 * that for a second, broken request: this finds the first one and the bytes that the parser choked on. (Input that
 * begins like an HTTP request is the one thing that can't be told apart.) Undefined for every other parse error.
 */
export function earlyInput(
  error: ParseError,
  socket: Duplex,
): { readonly request: IncomingMessage; readonly head: Buffer } | undefined {
  const { parser } = socket as Duplex & { readonly parser?: { readonly incoming?: unknown } | null };
  const request = parser?.incoming;
  if (!(request instanceof HijackableRequest) || !request.upgrade || !request.complete) return undefined;
  // What Node does for an upgrade: the HTTP server's own listeners go, everybody else's stay.
  for (const event of ['data', 'end', 'close', 'drain', 'error', 'timeout']) {
    for (const listener of socket.listeners(event)) {
      if (/^(bound )?socketOn/.test(listener.name)) socket.removeListener(event, listener as () => void);
    }
  }
  // The HTTP server reads in the handle itself until a reader shows up; this listener makes it stop, without reading.
  socket.prependListener('data', clientWent);
  socket.removeListener('data', clientWent);
  return { request, head: error.rawPacket?.subarray(error.bytesParsed ?? 0) ?? Buffer.alloc(0) };
}

/**
 * Where a request's body came in pieces, Node has emitted `upgrade` before the body's end, with a stream of its own in
 * the connection's place, and would start that stream itself if it knew that the input isn't a broken request.
 */
export function continueUpgrade(connection: Duplex, head: Buffer): void {
  (connection as Duplex & { requestBodyCompleted: (head: Buffer) => void }).requestBodyCompleted(head);
}
