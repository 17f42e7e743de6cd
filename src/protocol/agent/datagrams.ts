import * as z from 'zod';

/**
 * Datagrams of a published UDP port, between the agent of a driver that doesn't forward by itself and the engine, over
 * the engine's `datagrams.sock` (src/protocol/boot). The agent opens one stream for each port; its first line says
 * which ({@link datagramHello}). Then both sides send frames: the number of the flow (32 bits, big-endian; a client of
 * the port's, numbered by the agent), the length (16 bits), the datagram. Either side may forget a flow that has been
 * quiet for {@link FLOW_IDLE_MS}, and the oldest where there are more than {@link MAX_FLOWS}.
 */
export const datagramHello = z.object({ port: z.int().min(1).max(65_535) });

/** docker-proxy's timeout of a UDP connection (moby, cmd/docker-proxy). */
export const FLOW_IDLE_MS = 90_000;
export const MAX_FLOWS = 1024;
/** What is not yet sent may be this much; further datagrams are lost, as on a network. */
export const MAX_QUEUED_BYTES = 4 << 20;

const HEADER = 6;

export function encodeFrame(flow: number, datagram: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + datagram.length);
  frame.writeUInt32BE(flow, 0);
  frame.writeUInt16BE(datagram.length, 4);
  frame.set(datagram, HEADER);
  return frame;
}

/** Takes a stream's bytes as they come; tells each whole frame, whose bytes are only good for the call. */
export class FrameReader {
  readonly #onFrame: (flow: number, datagram: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: (flow: number, datagram: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER) {
      const end = HEADER + bytes.readUInt16BE(4);
      if (bytes.length < end) break;
      this.#onFrame(bytes.readUInt32BE(0), bytes.subarray(HEADER, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}
