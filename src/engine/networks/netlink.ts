import { closeSync } from 'node:fs';
import { SyscallError } from '../sys/errno.ts';
import {
  AF_NETLINK,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
  SO_RCVTIMEO,
  receive,
  send,
  setSocketOption,
  socket,
} from '../sys/socket.ts';

/**
 * rtnetlink(7), synchronously: a request and its acknowledgement. All integers are in the machine's byte order, which
 * is little-endian on x86-64 and arm64. Constants from linux/netlink.h and linux/rtnetlink.h.
 */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  NEWROUTE: 24,
  DELROUTE: 25,
} as const;
export const NLM = { REQUEST: 1, ACK: 4, EXCL: 0x200, CREATE: 0x400 } as const;

const NLMSG_ERROR = 2;
const HEADER = 16;
const NETLINK_ROUTE = 0;

const align = (size: number): number => (size + 3) & ~3;

/** One attribute: length, type, value, padded to four bytes. Nested attributes are the value's concatenation. */
export function attribute(type: number, value: Uint8Array | number | string): Buffer {
  const bytes = encodeValue(value);
  const buffer = Buffer.alloc(align(4 + bytes.length));
  buffer.writeUInt16LE(4 + bytes.length, 0);
  buffer.writeUInt16LE(type, 2);
  buffer.set(bytes, 4);
  return buffer;
}

function encodeValue(value: Uint8Array | number | string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(`${value}\0`, 'utf8');
  if (typeof value !== 'number') return value;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Attributes of a message's payload, by type; the first of each wins. Anything that doesn't fit ends the walk. */
export function parseAttributes(buffer: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  let offset = 0;
  while (offset + 4 <= buffer.length) {
    const size = buffer.readUInt16LE(offset);
    if (size < 4 || offset + size > buffer.length) break;
    const type = buffer.readUInt16LE(offset + 2) & 0x3fff;
    if (!attributes.has(type)) attributes.set(type, buffer.subarray(offset + 4, offset + size));
    offset += align(size);
  }
  return attributes;
}

/** A socket in the network namespace that the main thread is in when this is made. */
export class RouteSocket {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(32_768);
  #sequence = 0;

  constructor() {
    this.#fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    // The kernel answers within the send; the timeout is there so that a lost answer can't stop the engine.
    const second = Buffer.alloc(16);
    second.writeBigInt64LE(1n, 0);
    setSocketOption(this.#fd, SOL_SOCKET, SO_RCVTIMEO, second, second.length);
  }

  /**
   * Sends one request and waits for its acknowledgement.
   *
   * @param what for the error, e.g. `create bridge wherry0`
   * @returns the payload of the answer's first message that isn't the acknowledgement, if there was one
   * @throws SyscallError with the kernel's errno
   */
  request(
    what: string,
    type: number,
    flags: number,
    body: Buffer,
    attributes: readonly Buffer[] = [],
  ): Buffer | undefined {
    this.#sequence += 1;
    const payload = Buffer.concat([body, ...attributes]);
    const message = Buffer.alloc(HEADER + payload.length);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(type, 4);
    message.writeUInt16LE(flags | NLM.REQUEST | NLM.ACK, 6);
    message.writeUInt32LE(this.#sequence, 8);
    payload.copy(message, HEADER);
    send(this.#fd, message);
    let answer: Buffer | undefined;
    for (;;) {
      const size = receive(this.#fd, this.#buffer);
      for (const { kind, sequence, data } of messages(this.#buffer.subarray(0, size))) {
        if (sequence !== this.#sequence) continue;
        if (kind !== NLMSG_ERROR) {
          answer ??= Buffer.from(data);
          continue;
        }
        const errno = -data.readInt32LE(0);
        if (errno !== 0) throw new SyscallError('rtnetlink', errno, what);
        return answer;
      }
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function* messages(buffer: Buffer): Generator<{ kind: number; sequence: number; data: Buffer }> {
  let offset = 0;
  while (offset + HEADER <= buffer.length) {
    const size = buffer.readUInt32LE(offset);
    if (size < HEADER || offset + size > buffer.length) return;
    yield {
      kind: buffer.readUInt16LE(offset + 4),
      sequence: buffer.readUInt32LE(offset + 8),
      data: buffer.subarray(offset + HEADER, offset + size),
    };
    offset += align(size);
  }
}
