import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { WherryError } from '../core/errors.ts';

const versionAnswer = z.object({ Version: z.string() });

/** The engine's version by `GET /version` over one stream, which is closed afterwards. */
export async function engineVersion(stream: Duplex, signal: AbortSignal): Promise<string> {
  try {
    const body = await get(stream, '/version', signal);
    return versionAnswer.parse(JSON.parse(body)).Version;
  } finally {
    stream.destroy();
  }
}

function get(stream: Duplex, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ path, signal, headers: { Host: 'docker' }, createConnection: () => stream });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const { statusCode } = response;
      if (statusCode === 200) text(response).then(resolve, reject);
      else reject(new WherryError({ code: 'ENGINE_ERROR', message: `${path} answered ${statusCode}` }));
    });
    outgoing.end();
  });
}
