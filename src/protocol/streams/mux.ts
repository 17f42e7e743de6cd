/**
 * Docker's stream multiplexing for attach, exec and logs without a terminal: frames of an 8-byte header, `[stream, 0,
 * 0, 0, length as big-endian uint32]`, and the payload (Docker Engine API v1.51, ContainerAttach, "Stream format").
 */
export const STREAM = { stdin: 0, stdout: 1, stderr: 2, systemError: 3 } as const;
export type StreamId = (typeof STREAM)[keyof typeof STREAM];

export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';
export const RAW_STREAM = 'application/vnd.docker.raw-stream';

const HEADER_SIZE = 8;
/** No engine sends frames near this; a header that says so is not a header. */
const MAX_FRAME = 16 * 1024 * 1024;

/** One frame. */
export function encodeFrame(stream: StreamId, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_SIZE + payload.length);
  frame.writeUInt32BE(stream << 24, 0);
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, HEADER_SIZE);
  return frame;
}

export interface Frame {
  readonly stream: StreamId;
  readonly payload: Buffer;
}

/** Takes a multiplexed stream apart, however its bytes are cut. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that `chunk` completes. @throws RangeError when the bytes are no multiplexed stream */
  push(chunk: Uint8Array): Frame[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#pending.length - at >= HEADER_SIZE) {
      const stream = this.#pending.readUInt8(at);
      const length = this.#pending.readUInt32BE(at + 4);
      if (!isStreamId(stream) || length > MAX_FRAME) throw new RangeError('not a multiplexed stream');
      const end = at + HEADER_SIZE + length;
      if (this.#pending.length < end) break;
      frames.push({ stream, payload: this.#pending.subarray(at + HEADER_SIZE, end) });
      at = end;
    }
    this.#pending = this.#pending.subarray(at);
    return frames;
  }

  /** Bytes of a frame that hasn't ended. */
  get incomplete(): number {
    return this.#pending.length;
  }
}

function isStreamId(value: number): value is StreamId {
  return value >= STREAM.stdin && value <= STREAM.systemError;
}
