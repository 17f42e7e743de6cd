import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { directory, file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { startImages } from './images-under-test.ts';
import type { Answer, ImagesUnderTest } from './images-under-test.ts';

const tar = layerTar([
  directory('etc'),
  file('etc/name', 'imported'),
  file('big', Buffer.alloc(300_000, 'x')),
]);
const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;

describe('docker import', function () {
  this.timeout(120_000);
  let under: ImagesUnderTest;
  before(async () => {
    under = await startImages();
  });
  after(async () => await under.close());

  const importing = async (query: Record<string, string | string[]>, body?: Buffer): Promise<Answer> => {
    const search = new URLSearchParams({ fromSrc: '-' });
    for (const [name, value] of Object.entries(query)) {
      search.delete(name);
      for (const each of [value].flat()) search.append(name, each);
    }
    return await under.call('POST', `/images/create?${search.toString()}`, {}, body);
  };
  const inspect = async (name: string) =>
    JSON.parse((await under.call('GET', `/images/${name}/json`)).text) as Record<string, unknown>;
  const leftovers = (): string[] => readdirSync(join(under.directory, 'data', 'ingest'));

  for (const [how, pack] of [
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const) {
    it(`makes an image of one layer of a tar, ${how}`, async () => {
      const { status, lines, text } = await importing(
        {
          repo: `imported:${how}`,
          message: 'from a test',
          changes: ['CMD ["/bin/x"]', 'ENV A=1'],
          platform: 'linux/arm64',
        },
        pack(tar),
      );
      expect(status, text).to.equal(200);
      expect(lines.at(-1)?.status).to.match(/^sha256:[0-9a-f]{64}$/);
      const image = await inspect(`imported:${how}`);
      expect(image).to.deep.include({
        Id: lines.at(-1)?.status,
        Architecture: 'arm64',
        Variant: 'v8',
        Os: 'linux',
        Comment: 'from a test',
        RootFS: { Type: 'layers', Layers: [diffId] },
        Size: 300_008,
      });
      expect(image['Config']).to.deep.include({ Cmd: ['/bin/x'], Env: ['A=1'] });
      const [step] = JSON.parse(
        (await under.call('GET', `/images/imported:${how}/history`)).text,
      ) as object[];
      expect(step).to.include({ Comment: 'from a test', Size: 300_008, Id: image['Id'] });
      expect(leftovers()).to.deep.equal([]);
    });
  }

  it('takes a layer over another image for commit: its parent is told, an empty one adds none', async () => {
    await importing({ repo: 'below' }, tar);
    const parent = String((await inspect('below'))['Id']);
    const made = layerTar([file('etc/more', 'committed')]);
    const make = async (bytes: Buffer, tag: string): Promise<string> =>
      await under.images.maker.make(
        {
          layer: { tar: Readable.from([bytes]) },
          parent,
          configOf: (added, below) => ({
            ...below,
            rootfs: { type: 'layers', diff_ids: [diffId, ...(added === undefined ? [] : [added])] },
            history: [...(below?.history ?? []), { created_by: tag, empty_layer: added === undefined }],
          }),
          name: { domain: 'docker.io', path: 'library/above', tag },
        },
        new AbortController().signal,
      );
    const id = await make(made, 'layer');
    expect(await inspect('above:layer')).to.deep.include({
      Id: id,
      Parent: parent,
      RootFS: {
        Type: 'layers',
        Layers: [diffId, `sha256:${createHash('sha256').update(made).digest('hex')}`],
      },
      Size: 300_017,
    });
    const steps = JSON.parse((await under.call('GET', '/images/above:layer/history')).text) as {
      Id: string;
    }[];
    expect(steps.map((step) => step.Id)).to.deep.equal([id, parent]);
    await make(Buffer.alloc(1024), 'empty');
    expect((await inspect('above:empty'))['RootFS']).to.deep.equal({ Type: 'layers', Layers: [diffId] });
    expect(leftovers()).to.deep.equal([]);
  });

  it('has the tag of `tag`, `latest` without one, and no name where none is given', async () => {
    await importing({ repo: 'team/named', tag: 'two' }, tar);
    expect((await inspect('team/named:two'))['RepoTags']).to.deep.equal(['team/named:two']);
    await importing({ repo: 'team/named' }, tar);
    expect((await inspect('team/named'))['RepoTags']).to.deep.equal(['team/named:latest']);
    const { lines } = await importing({}, tar);
    expect((await inspect(lines.at(-1)?.status ?? ''))['RepoTags']).to.deep.equal([]);
  });

  it('fetches a URL, over a redirect, and says what the server answered otherwise', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: '/root.tar.gz' }).end();
      else if (request.url === '/root.tar.gz') response.end(gzipSync(tar));
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { lines, text } = await importing({ fromSrc: `http://${base}/moved`, repo: 'fetched' });
      expect(lines[0]?.status, text).to.equal(`Downloading from http://${base}/root.tar.gz`);
      expect((await inspect('fetched'))['RootFS']).to.deep.equal({ Type: 'layers', Layers: [diffId] });
      const gone = await importing({ fromSrc: `${base}/nothing` });
      expect([gone.status, gone.text]).to.satisfy(
        ([status, body]: [number, string]) => status === 500 && body.includes('answered 404 Not Found'),
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect((await importing({ fromSrc: 'ftp://x/y' })).text).to.contain('has to be http:// or https://');
    expect((await importing({ fromSrc: 'http://127.0.0.1:1/x' })).text).to.contain('connection refused');
  });

  it('refuses what can not be an image, and keeps nothing of it', async () => {
    const images = (await under.call('GET', '/images/json')).text;
    const blobs = readdirSync(join(under.directory, 'data', 'blobs', 'sha256'));
    const xz = Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(600)]);
    for (const [query, body, status, message] of [
      [{ changes: 'RUN x' }, tar, 400, 'run is not a valid change command'],
      [{ repo: 'Upper/Case' }, tar, 400, 'must be lowercase'],
      [{ repo: `x@${diffId}` }, tar, 400, 'has a digest'],
      [{ platform: 'windows/amd64' }, tar, 400, 'images here are for linux'],
      [{}, xz, 400, 'xz -dc FILE'],
      [{}, gzipSync(tar).subarray(0, 200), 500, 'cannot decompress'],
      [{}, zstdCompressSync(tar).subarray(0, 40), 500, 'cannot decompress'],
      [{}, tar.subarray(0, 2000), 500, 'ends too early'],
      [{}, Buffer.alloc(4096, 'x'), 500, 'tar header'],
    ] as const) {
      const answer = await importing(query, body);
      expect([answer.status, answer.text], message).to.satisfy(
        ([got, text]: [number, string]) => got === status && text.includes(message),
      );
    }
    // Clients send on until they have been heard out: an answer that comes before has to reach them.
    const large = Buffer.concat([gzipSync(tar).subarray(0, 200), Buffer.alloc(8 * 1024 * 1024, 0xff)]);
    const xzLarge = Buffer.concat([xz, large]);
    for (const path of ['/images/create?fromSrc=-', '/images/load']) {
      const corrupt = await under.call('POST', path, {}, large);
      expect([corrupt.status, corrupt.text], path).to.satisfy(
        ([status, text]: [number, string]) => status >= 400 && text.includes('"message"'),
      );
      expect((await under.call('POST', path, {}, xzLarge)).text, path).to.contain('xz -dc FILE');
    }
    expect(leftovers()).to.deep.equal([]);
    expect((await under.call('GET', '/images/json')).text).to.equal(images);
    expect(readdirSync(join(under.directory, 'data', 'blobs', 'sha256'))).to.deep.equal(blobs);
  });
});
