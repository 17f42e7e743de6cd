import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createDownloader } from '../../../../src/platform/net/download.ts';
import type {
  DownloadContext,
  Downloader,
  DownloadProgress,
  DownloaderOptions,
  DownloadRequest,
} from '../../../../src/platform/net/download.ts';
import { createHttpGet } from '../../../../src/platform/net/http-client.ts';
import { serveFiles } from './file-server.ts';
import type { FileServer } from './file-server.ts';
import { failureOf, INSTANT } from './world.ts';

const BODY = randomBytes(300_000);

describe('downloads', () => {
  let server: FileServer;
  let cacheDir: string;
  beforeEach(async () => {
    server = await serveFiles(new Map([['file', BODY]]));
    cacheDir = await mkdtemp(join(tmpdir(), 'wherry-download-'));
  });
  afterEach(async () => {
    await server.close();
    await rm(cacheDir, { recursive: true, force: true });
  });

  const request = (bytes: Buffer = BODY, path = 'file'): DownloadRequest => ({
    name: path,
    url: `${server.url}/${path}`,
    digest: { algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') },
    size: bytes.length,
    maxBytes: bytes.length,
  });
  const downloader = (options: Partial<DownloaderOptions> = {}): Downloader =>
    createDownloader({ cacheDir, get: createHttpGet({}), retry: INSTANT, ...options });
  const partialPath = (): string => join(cacheDir, 'partial', `sha256-${request().digest.hex}.part`);
  /** Answers with `length` bytes and cuts the connection once the client has them; `times` times. */
  const cutAfter = (length: number, times: number): DownloadContext => {
    let left = times;
    let answer: ServerResponse | undefined;
    server.misbehave = (_path, _request, response) => {
      if (left === 0) return false;
      left -= 1;
      answer = response;
      response.writeHead(200, { 'content-length': BODY.length });
      response.write(BODY.subarray(0, length));
      return true;
    };
    return {
      onProgress: ({ received }) => {
        if (received === length) answer?.destroy();
      },
    };
  };

  it('reports progress in bytes and returns a path named by the digest', async () => {
    const seen: (number | undefined)[] = [];
    const path = await downloader().fetch(request(), {
      onProgress: ({ name, cached, received, total }) => {
        expect([name, cached, total]).to.deep.equal(['file', false, BODY.length]);
        seen.push(received);
      },
    });
    const { hex } = request().digest;
    expect(path).to.equal(join(cacheDir, 'sha256', hex.slice(0, 2), hex));
    expect(seen.at(-1)).to.equal(BODY.length);
    expect(seen).to.deep.equal(seen.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
    const again: DownloadProgress[] = [];
    await downloader().fetch(request(), { onProgress: (progress) => again.push(progress) });
    expect(again).to.deep.equal([{ name: 'file', cached: true, received: BODY.length, total: BODY.length }]);
  });

  it('continues a cut transfer with a Range request', async () => {
    const path = await downloader().fetch(request(), cutAfter(100_000, 1));
    expect(await readFile(path)).to.deep.equal(BODY);
    expect(server.requests).to.deep.equal(['file', 'file bytes=100000-']);
  });

  it('goes through the proxy of HTTP_PROXY, except where NO_PROXY says otherwise', async () => {
    const asked: string[] = [];
    server.misbehave = (_path, { url = '' }, response) => {
      asked.push(url);
      response.end(BODY);
      return true;
    };
    const env = { HTTP_PROXY: server.url, NO_PROXY: '127.0.0.1' };
    const direct = { ...request(), url: `${server.url}/direct` };
    const proxied = { ...request(), url: 'http://mirror.invalid/debian/file' };
    for (const item of [direct, proxied]) {
      await downloader({ get: createHttpGet(env) }).fetch(item);
      await rm(join(cacheDir, 'sha256'), { recursive: true });
    }
    expect(asked).to.deep.equal(['/direct', 'http://mirror.invalid/debian/file']);
  });

  it('continues what an earlier run left, also a killed one', async () => {
    await mkdir(join(cacheDir, 'partial'));
    await writeFile(partialPath().replace('.part', '.999999999.1.part'), BODY.subarray(0, 250_000));
    await downloader().fetch(request());
    expect(server.requests).to.deep.equal(['file bytes=250000-']);
  });

  it('starts over when the server answers a Range request with 200', async () => {
    await mkdir(join(cacheDir, 'partial'));
    await writeFile(partialPath(), BODY.subarray(0, 1000));
    server.misbehave = (_path, _request, response) => {
      response.writeHead(200, { 'content-length': BODY.length }).end(BODY);
      return true;
    };
    const path = await downloader().fetch(request());
    expect(await readFile(path)).to.deep.equal(BODY);
  });

  it('starts over once when the earlier part was damaged', async () => {
    await mkdir(join(cacheDir, 'partial'));
    await writeFile(partialPath(), Buffer.alloc(1000));
    const path = await downloader().fetch(request());
    expect(await readFile(path)).to.deep.equal(BODY);
    expect(server.requests).to.deep.equal(['file bytes=1000-', 'file']);
  });

  it('tries again on 5xx, and gives up naming the mirror and the status', async () => {
    let failures = 2;
    server.misbehave = (_path, _request, response) => {
      if (failures === 0) return false;
      failures -= 1;
      response.writeHead(503, { 'retry-after': '1' }).end();
      return true;
    };
    await downloader().fetch(request());
    expect(server.requests.length).to.equal(3);
    await rm(join(cacheDir, 'sha256'), { recursive: true });
    failures = 99;
    const error = await failureOf(() => downloader().fetch(request()));
    expect(error).to.include({ code: 'MIRROR_HTTP_ERROR', exitCode: 1 });
    expect(error.message).to.contain(`${server.url} answered HTTP 503`);
  });

  it('keeps what it has when the mirror goes away, for the next run', async () => {
    const context = cutAfter(5000, 1);
    const once = { ...INSTANT, attempts: 1 };
    const error = await failureOf(() => downloader({ retry: once }).fetch(request(), context));
    expect(error.code).to.equal('MIRROR_UNREACHABLE');
    expect(await readFile(partialPath())).to.deep.equal(BODY.subarray(0, 5000));
  });

  it('stops when told to, and keeps the part', async () => {
    const stop = new AbortController();
    server.misbehave = (_path, _request, response) => {
      response.writeHead(200, { 'content-length': BODY.length });
      response.write(BODY.subarray(0, 5000));
      return true;
    };
    let caught: unknown;
    try {
      await downloader().fetch(request(), {
        signal: stop.signal,
        onProgress: ({ received }) => {
          if (received > 0) stop.abort();
        },
      });
    } catch (error) {
      caught = error;
    }
    expect(caught).to.equal(stop.signal.reason);
    expect((await readFile(partialPath())).length).to.equal(5000);
  });

  it('never takes more bytes than the file has, and keeps none of them', async () => {
    server.files.set('file', Buffer.concat([BODY, Buffer.alloc(10)]));
    const error = await failureOf(() => downloader().fetch(request()));
    expect(error.code).to.equal('DOWNLOAD_TOO_LARGE');
    expect(server.requests.length).to.equal(1);
    await readFile(partialPath()).then(
      () => expect.fail('the part was kept'),
      (gone: NodeJS.ErrnoException) => expect(gone.code).to.equal('ENOENT'),
    );
  });

  it('downloads in parallel within its bound, and one failure stops the rest', async () => {
    const bodies = Array.from({ length: 12 }, (_, index) => randomBytes(1000 + index));
    bodies.forEach((bytes, index) => server.files.set(`f${index}`, bytes));
    const requests = bodies.map((bytes, index) => request(bytes, `f${index}`));
    // Answers wait for each other, three at a time: fewer requests at once would never end.
    const waiting: (() => void)[] = [];
    server.misbehave = (path, _request, response) => {
      waiting.push(() => response.end(server.files.get(path)));
      if (waiting.length === 3) for (const answer of waiting.splice(0)) answer();
      return true;
    };
    const paths = await downloader({ concurrency: 3 }).fetchAll(requests);
    server.misbehave = undefined;
    expect(await Promise.all(paths.map((path) => readFile(path)))).to.deep.equal(bodies);
    expect(server.busiest).to.equal(3);

    await rm(join(cacheDir, 'sha256'), { recursive: true });
    server.files.set('f1', Buffer.alloc(1001));
    server.requests.length = 0;
    const error = await failureOf(() => downloader({ concurrency: 1 }).fetchAll(requests));
    expect(error.message).to.contain('f1 from');
    expect(server.requests).to.deep.equal(['f0', 'f1']);
  });

  it('refuses beforehand when the disk has no room, saying what was needed', async () => {
    const error = await failureOf(() =>
      downloader({ freeSpace: async () => 1_000_000 }).fetchAll([
        { ...request(), size: 900_000 },
        { ...request(randomBytes(10)), size: 700_000 },
      ]),
    );
    expect(error.code).to.equal('DISK_FULL');
    expect(error.message).to.contain('1.6 MB needed, 1.0 MB free').and.contain(cacheDir);
    expect(server.requests).to.deep.equal([]);
  });

  it('leaves nothing half-made on a disk that fills up while writing', async () => {
    // The kernel's own ENOSPC, without a disk to fill: the download goes on in a file that is always full.
    await mkdir(join(cacheDir, 'partial'));
    await symlink('/dev/full', partialPath());
    const error = await failureOf(() => downloader({ freeSpace: async () => 1e9 }).fetch(request()));
    expect(error.code).to.equal('DISK_FULL');
    expect(error.message).to.contain('0.3 MB needed').and.contain('nothing half-made was left');
    expect(await readdir(join(cacheDir, 'partial'))).to.deep.equal([]);
    expect(await readdir(cacheDir)).to.deep.equal(['partial']);
  });
});
