import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer } from '../../../../src/engine/api/server.ts';
import { EventBus } from '../../../../src/engine/events.ts';
import { openImages } from '../../../../src/engine/images/open.ts';
import type { Images, ImagesOptions } from '../../../../src/engine/images/open.ts';
import { RETRY } from '../../../../src/engine/images/registry/retry.ts';
import type { ProgressLine } from '../../../../src/engine/images/progress.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body's JSON lines. */
  readonly lines: readonly ProgressLine[];
}

export interface ImagesUnderTest {
  readonly directory: string;
  readonly binDir: string;
  readonly images: Images;
  readonly events: EventBus;
  /** How long the retries would have waited, in ms. */
  readonly waits: number[];
  call(method: string, path: string, headers?: Record<string, string>, body?: Buffer): Promise<Answer>;
  pull(image: string, tag?: string, headers?: Record<string, string>): Promise<Answer>;
  /** Opens the store anew, as after a restart of the engine. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** The images area behind a real API server, on its own data directory. */
export async function startImages(
  options: Partial<ImagesOptions> = {},
  parent = tmpdir(),
): Promise<ImagesUnderTest> {
  const { binDir } = await debianTools(['erofs-utils']);
  const directory = mkdtempSync(join(parent, 'wherry-images-'));
  const events = new EventBus();
  const waits: number[] = [];
  const socketPath = join(directory, 'api.sock');
  const open = async () => {
    const images = await openImages({
      dataDir: join(directory, 'data'),
      runDir: join(directory, 'run'),
      config: { registryMirrors: [], insecureRegistries: [] },
      events,
      isRunning: () => false,
      bundledDir: join(directory, 'no-bundle'),
      mkfs: join(binDir, 'mkfs.erofs'),
      retry: {
        ...RETRY,
        sleep: async (ms) => {
          waits.push(ms);
          await Promise.resolve();
        },
      },
      ...options,
    });
    const server = createApiServer({ routes: images.routes, version: '0', log: () => undefined });
    await server.listen(socketPath);
    return { images, server };
  };
  let current = await open();
  const shut = async () => {
    await current.server.close();
    current.images.close();
  };
  const call: ImagesUnderTest['call'] = async (method, path, headers = {}, body) => {
    // Not kept alive: after `reopen` the other end is gone before this one has heard of it.
    const request = httpRequest({ socketPath, method, path, headers, agent: false });
    request.end(body);
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    // Answered early, it may still be sending when the server closes: that is nobody's failure.
    request.on('error', () => undefined);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const lines = text.split('\r\n').filter((line) => line.startsWith('{'));
    return {
      status: response.statusCode ?? 0,
      text,
      lines: lines.map((line) => JSON.parse(line) as ProgressLine),
    };
  };
  return {
    directory,
    binDir,
    events,
    waits,
    call,
    get images() {
      return current.images;
    },
    pull: async (image, tag = '1', headers) =>
      await call(
        'POST',
        `/images/create?fromImage=${encodeURIComponent(image)}&tag=${encodeURIComponent(tag)}`,
        headers,
      ),
    reopen: async () => {
      await shut();
      current = await open();
    },
    close: async () => {
      await shut();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
