import { expect } from 'chai';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapImage } from '../../../src/cli/bootstrap/bootstrap-image.ts';
import { EngineClient } from '../../../src/cli/engine-client/client.ts';
import type { PrepareRequest } from '../../../src/cli/images/composer.ts';
import { END_MARK } from '../../../src/core/tar/writer.ts';
import { connectLocal } from '../../../src/platform/local-socket.ts';
import type { PreparedImage } from '../../../src/image-builder/bootstrap/prepare.ts';
import { encodeFrame, STREAM } from '../../../src/protocol/streams/mux.ts';

/** How the container of a {@link scriptedEngine} fares. */
interface Script {
  readonly status: number;
  readonly said: string;
  /** It doesn't end; told when it has been started. */
  readonly hangs?: () => void;
  readonly exportsAll?: boolean;
  /** An image that was bootstrapped before; `gone`: it's removed before its layer can be used. */
  readonly before?: 'there' | 'gone';
  /** The call with this beginning gets no answer; `onStuck` is told once it is there. */
  readonly stuckAt?: string;
  readonly onStuck?: () => void;
}

/** Plays the engine to a bootstrap, and remembers what it was asked. */
async function scriptedEngine(socket: string, script: Script): Promise<{ server: Server; asked: string[] }> {
  const asked: string[] = [];
  let loads = 0;
  let imageIsDue = script.stuckAt === 'POST /images/load';
  const started = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const route = `${request.method} ${(request.url ?? '').replace(/^\/v[\d.]+/, '').replaceAll(/[0-9a-f]{12,64}/g, 'ID')}`;
    let received = 0;
    request.on('data', (chunk: Buffer) => (received += chunk.length));
    request.on('end', () => {
      asked.push(`${route} ${received}`);
      if (script.stuckAt !== undefined && route.startsWith(script.stuckAt)) script.onStuck?.();
      else if (imageIsDue && route.startsWith('DELETE /images/')) {
        imageIsDue = false;
        response.writeHead(404).end();
      } else if (route.startsWith('POST /containers/create')) response.writeHead(201).end('{"Id":"c0ffee"}');
      else if (route.startsWith('GET /images/json'))
        response.end(script.before === undefined ? '[]' : '[{"Id":"sha256:0ld"}]');
      else if (route.startsWith('GET /images/'))
        response.end('{"RootFS":{"Layers":["sha256:0","sha256:1"]}}');
      else if (route.startsWith('POST /images/load')) {
        loads += 1;
        const fails = script.before === 'gone' && loads === 1;
        response.end(fails ? '{"error":"it has no layer"}\n' : '{"stream":"Loaded image"}\n');
      } else if (route.startsWith('POST /containers/c0ffee/wait')) {
        response.writeHead(200).flushHeaders();
        void started.promise.then(() => response.end(JSON.stringify({ StatusCode: script.status })));
      } else if (route.startsWith('POST /containers/c0ffee/start')) {
        response.writeHead(204).end();
        script.hangs?.();
        if (script.hangs === undefined) started.resolve();
      } else if (route.includes('/export')) {
        if (script.exportsAll !== true) response.setHeader('X-Wherry-Export', 'layer');
        response.end(END_MARK);
      } else response.writeHead(204).end();
    });
  });
  server.on('upgrade', (_request, stream) => {
    stream.on('error', () => stream.destroy());
    stream.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    void started.promise.then(() => {
      stream.write(encodeFrame(STREAM.stdout, Buffer.from('processing: configure: redis-server\n')));
      stream.end(encodeFrame(STREAM.stderr, Buffer.from(script.said)));
    });
  });
  server.listen(socket);
  await once(server, 'listening');
  return { server, asked };
}

describe('wherry image bootstrap, with the engine', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-boot-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  let scratch: string;
  const prepare = async ({ workDir }: PrepareRequest): Promise<PreparedImage> => {
    scratch = workDir;
    const path = join(workDir, 'layer');
    writeFileSync(path, 'layer');
    const layer = { path, diffId: 'sha256:0', digest: 'sha256:0', size: 5 };
    return { layer, plan: 'configure -a\n', debs: [], packages: [], sbom: '{}', labels: {}, created: 1 };
  };
  const request = {
    release: 'trixie',
    slim: false,
    arch: 'amd64',
    variant: 'essential',
    include: [],
    offline: false,
    name: 'debian:trixie',
    sbomFile: undefined,
  } as const;

  /** Bootstraps against a script. @returns the id or the error, and what the engine was asked */
  const bootstrap = async (script: Script, signal = new AbortController().signal, sbomFile?: string) => {
    const socket = join(directory, 's');
    const { server, asked } = await scriptedEngine(socket, script);
    const engine = new EngineClient(async (until) => connectLocal(socket, until), signal);
    const notes: string[] = [];
    const reporter = {
      step: async <T>(_: string, work: (say: () => void) => Promise<{ value: T }>): Promise<T> =>
        (await work(() => undefined)).value,
      note: (text: string): void => void notes.push(text),
    };
    try {
      const id = await bootstrapImage(
        { composer: { prepare }, engine, reporter, signal, scratch: join(directory, 'scratch') },
        { ...request, sbomFile },
      ).catch((error: unknown) => error as Error);
      expect(notes).to.deep.equal([]);
      expect(existsSync(scratch)).to.equal(false);
      return { id, asked };
    } finally {
      engine.close();
      server.close();
      server.closeAllConnections();
    }
  };
  /** What a layer of a few bytes takes in an archive: a header and a block. */
  const LAYER = 1024;
  const CLEAN = ['DELETE /containers/wherry-bootstrap-ID?force=1&v=1', 'DELETE /images/sha256:ID?force=1'];
  const cleaned = (asked: readonly string[]): string[] =>
    asked
      .map((route) => decodeURIComponent(route).replace(/ \d+$/, ''))
      .filter((route) => route.startsWith('DELETE'));

  it('half an image, its container, the whole image; then the half and the container go', async () => {
    const { id, asked } = await bootstrap({ status: 0, said: '' });
    expect(id).to.match(/^sha256:[0-9a-f]{64}$/);
    expect(asked.filter((route) => route.startsWith('POST /images/load'))).to.have.lengthOf(2);
    expect(asked.findIndex((route) => route.includes('/wait'))).to.be.lessThan(
      asked.findIndex((route) => route.includes('/start')),
    );
    expect(cleaned(asked)).to.deep.equal(CLEAN);
  });

  it("doesn't send the packages again that an image of before has, unless that is gone by then", async () => {
    const size = (asked: readonly string[]): number[] =>
      asked.flatMap((route) =>
        route.startsWith('POST /images/load') ? [Number(route.split(' ').at(-1))] : [],
      );
    const [half = 0, whole = 0, ...none] = size((await bootstrap({ status: 0, said: '' })).asked);
    expect(none).to.deep.equal([]);
    expect(size((await bootstrap({ status: 0, said: '', before: 'there' })).asked)).to.deep.equal([
      half - LAYER,
      whole,
    ]);
    expect(size((await bootstrap({ status: 0, said: '', before: 'gone' })).asked)).to.deep.equal([
      half - LAYER,
      half,
      whole,
    ]);
  });

  it('the SBOM is written once the image is there, and a folder that is not is told before anything else', async () => {
    const file = join(directory, 'sbom.json');
    const { signal } = new AbortController();
    await bootstrap({ status: 1, said: '' }, signal, file);
    expect(existsSync(file)).to.equal(false);
    await bootstrap({ status: 0, said: '' }, signal, file);
    expect(readFileSync(file, 'utf8')).to.equal('{}');
    const { id, asked } = await bootstrap(
      { status: 0, said: '' },
      signal,
      join(directory, 'no', 'sbom.json'),
    );
    expect(String(id)).to.include(
      `failed to write the SBOM: invalid output path: directory "${directory}/no" does not`,
    );
    expect(asked).to.deep.equal([]);
  });

  it('a script that fails: its package and last words; nothing stays', async () => {
    const { id, asked } = await bootstrap({ status: 1, said: 'adduser: no such group\n' });
    expect(id).to.include({
      code: 'PACKAGE_SCRIPT_FAILED',
      message: 'The package redis-server could not be installed: its script ended with status 1',
      hint: 'What was printed last:\nadduser: no such group',
    });
    expect(asked.filter((route) => route.startsWith('POST /images/load'))).to.have.lengthOf(1);
    expect(cleaned(asked)).to.deep.equal(CLEAN);
  });

  it('Ctrl-C while a script runs: nothing stays', async () => {
    const stop = new AbortController();
    const { id, asked } = await bootstrap({ status: 0, said: '', hangs: () => stop.abort() }, stop.signal);
    expect(id).to.have.property('name', 'AbortError');
    expect(cleaned(asked)).to.deep.equal(CLEAN);
  });

  it('Ctrl-C while the packages are sent: nothing stays, nor what the engine finishes only then', async () => {
    const stop = new AbortController();
    const stuck = { stuckAt: 'POST /images/load', onStuck: () => stop.abort() };
    const { id, asked } = await bootstrap({ status: 0, said: '', ...stuck }, stop.signal);
    expect(id).to.have.property('name', 'AbortError');
    expect(cleaned(asked)).to.deep.equal([...CLEAN, CLEAN[1]]);
  });

  it("Ctrl-C while the scripts' archive is sent: nothing stays", async () => {
    const stop = new AbortController();
    const stuck = { stuckAt: 'PUT /containers/c0ffee/archive', onStuck: () => stop.abort() };
    const { id, asked } = await bootstrap({ status: 0, said: '', ...stuck }, stop.signal);
    expect(id).to.have.property('name', 'AbortError');
    expect(cleaned(asked)).to.deep.equal(CLEAN);
  });

  it('an engine that hands out all of the container is too old, and is told so before a script runs', async () => {
    const { id, asked } = await bootstrap({ status: 0, said: '', exportsAll: true });
    expect(id).to.include({ code: 'ENGINE_TOO_OLD' });
    expect(asked.filter((route) => /PUT|start/.test(route))).to.deep.equal([]);
    expect(cleaned(asked)).to.deep.equal(CLEAN);
  });
});
