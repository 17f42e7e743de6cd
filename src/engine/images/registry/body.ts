import type { IncomingMessage } from 'node:http';
import { EngineError } from '../../errors.ts';
import { RegistryTransportError } from './errors.ts';

/**
 * Reads a small body.
 *
 * @throws RegistryTransportError if it breaks off, EngineError if it is larger than `limit` bytes: asking again
 *   wouldn't help
 */
export async function readBody(
  response: IncomingMessage,
  limit: number,
  what = 'the answer',
): Promise<Buffer> {
  const { body, more } = await readStart(response, limit);
  if (more) throw new EngineError('system', `${what} is larger than ${limit} bytes`);
  return body;
}

/** The start of a body that only explains something: no failure if there is more of it. @throws RegistryTransportError */
export async function readSome(response: IncomingMessage, limit: number): Promise<Buffer> {
  return (await readStart(response, limit)).body;
}

async function readStart(response: IncomingMessage, limit: number): Promise<{ body: Buffer; more: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) break;
    }
  } catch (error) {
    throw new RegistryTransportError(`the connection broke: ${(error as Error).message}`, error);
  } finally {
    response.destroy();
  }
  return { body: Buffer.concat(chunks).subarray(0, limit), more: size > limit };
}
