import type { Readable, Writable } from 'node:stream';
import { once } from 'node:events';

/**
 * Copies Docker's multiplexed stream to stdout and stderr: frames `[stream, 0, 0, 0, length as 32-bit big endian]`
 * followed by that many bytes (Docker Engine API v1.51, ContainerAttach). Honours back-pressure.
 */
export async function demultiplex(source: Readable, stdout: Writable, stderr: Writable): Promise<void> {
  let header = Buffer.alloc(0);
  let left = 0;
  let target = stdout;
  for await (const piece of source) {
    let chunk = piece as Buffer;
    while (chunk.length > 0) {
      if (left === 0) {
        const needed = 8 - header.length;
        header = Buffer.concat([header, chunk.subarray(0, needed)]);
        chunk = chunk.subarray(needed);
        if (header.length < 8) break;
        left = header.readUInt32BE(4);
        target = header[0] === 2 ? stderr : stdout;
        header = Buffer.alloc(0);
        continue;
      }
      const part = chunk.subarray(0, left);
      left -= part.length;
      chunk = chunk.subarray(part.length);
      await write(target, part);
    }
  }
}

/** Copies a raw (TTY) stream, with back-pressure. */
export async function copyRaw(source: Readable, target: Writable): Promise<void> {
  for await (const chunk of source) await write(target, chunk as Buffer);
}

async function write(target: Writable, bytes: Buffer): Promise<void> {
  if (target.destroyed) return;
  if (!target.write(bytes)) await once(target, 'drain');
}
