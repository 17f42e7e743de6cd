import type { IncomingMessage } from 'node:http';
import { RegistryTransportError } from './errors.ts';

/** Reads a small body. @throws RegistryTransportError if it is larger than `limit` bytes or breaks off */
export async function readBody(response: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new RegistryTransportError(`the connection broke: ${(error as Error).message}`, error);
  } finally {
    response.destroy();
  }
  if (size > limit) throw new RegistryTransportError(`the answer is larger than ${limit} bytes`);
  return Buffer.concat(chunks);
}
