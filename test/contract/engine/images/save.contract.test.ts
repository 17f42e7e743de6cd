import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { writeOciLayout } from '../../../helpers/images/oci-layout.ts';
import type { ImageSource } from '../../../helpers/images/oci-layout.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const shared = { compression: 'gzip' as const, entries: [file('shared', 'x'.repeat(100_000))] };
const IMAGES: Readonly<Record<string, ImageSource>> = {
  'team/one:1': {
    config: { Cmd: ['/one'] },
    layers: [shared, { compression: 'zstd', entries: [file('one', 'first')] }],
  },
  'team/two:2': {
    config: { Cmd: ['/two'] },
    layers: [shared, { compression: 'none', entries: [file('two', 'second')] }],
  },
};

/** An OCI layout as an archive that names its image. */
function layoutArchive(directory: string, name: string, image: ImageSource): Buffer {
  writeOciLayout(directory, image);
  const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
    manifests: { annotations?: object }[];
  };
  for (const entry of index.manifests) {
    entry.annotations = { 'io.containerd.image.name': `docker.io/${name}` };
  }
  const blobs = join(directory, 'blobs', 'sha256');
  return layerTar([
    file('index.json', JSON.stringify(index)),
    file('oci-layout', readFileSync(join(directory, 'oci-layout'))),
    ...readdirSync(blobs).map((blob) => file(`blobs/sha256/${blob}`, readFileSync(join(blobs, blob)))),
  ]);
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

describe('docker save', function () {
  this.timeout(120_000);
  let scratch: string;
  let under: ImagesUnderTest;
  const ids: Record<string, string> = {};

  const binary = async (from: ImagesUnderTest, path: string): Promise<{ status: number; body: Buffer }> => {
    const request = httpRequest({ socketPath: join(from.directory, 'api.sock'), path });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
  };
  const save = async (query: string, from = under): Promise<Buffer> => {
    const { status, body } = await binary(from, `/images/get?${query}`);
    expect(status, body.subarray(0, 300).toString()).to.equal(200);
    return body;
  };
  const unpack = (archive: Buffer): string => {
    const directory = mkdtempSync(join(scratch, 'unpacked-'));
    execFileSync('tar', ['-xf', '-', '-C', directory], { input: archive });
    return directory;
  };
  const readJson = (directory: string, name: string): unknown =>
    JSON.parse(readFileSync(join(directory, name), 'utf8'));

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-save-'));
    under = await startImages();
    for (const [at, [name, image]] of Object.entries(IMAGES).entries()) {
      const archive = layoutArchive(join(scratch, `layout-${at}`), name, image);
      const { text } = await under.call('POST', '/images/load?quiet=1', {}, archive);
      expect(text).to.contain(`Loaded image: ${name}`);
      ids[name] = under.images.resolver.resolve(name).id;
    }
  });
  after(async () => {
    await under.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('writes a docker-archive and an OCI layout at once, the same bytes each time, a shared layer once', async () => {
    const archive = await save('names=team/one:1&names=team/two:2');
    expect((await save('names=team/one:1&names=team/two:2')).equals(archive)).to.equal(true);
    const members = execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' })
      .trim()
      .split('\n');
    // Two configs, two manifests, three layers; sorted, root's, of the epoch.
    expect(members.filter((line) => line.includes('blobs/sha256/')).length).to.equal(1 + 2 + 2 + 3);
    for (const line of members) expect(line).to.match(/^[d-]rw[x-]r-[x-]r-[x-] 0\/0 .* 1970-01-01 /);
    const directory = unpack(archive);
    for (const blob of readdirSync(join(directory, 'blobs', 'sha256'))) {
      expect(sha256(readFileSync(join(directory, 'blobs', 'sha256', blob)))).to.equal(blob);
    }
    const manifest = readJson(directory, 'manifest.json') as {
      Config: string;
      RepoTags: string[];
      Layers: string[];
    }[];
    expect(manifest.map(({ RepoTags }) => RepoTags)).to.deep.equal([['team/one:1'], ['team/two:2']]);
    expect(manifest.map(({ Config }) => Config)).to.deep.equal(
      Object.values(ids).map((id) => `blobs/sha256/${id.slice(7)}`),
    );
    expect(manifest[0]?.Layers[0]).to.equal(manifest[1]?.Layers[0]);
    const index = readJson(directory, 'index.json') as {
      manifests: { digest: string; annotations: object; platform: object }[];
    };
    expect(index.manifests[0]?.annotations).to.deep.equal({
      'io.containerd.image.name': 'docker.io/team/one:1',
      'org.opencontainers.image.ref.name': '1',
    });
    expect(index.manifests[0]?.platform).to.deep.equal({ os: 'linux', architecture: 'amd64' });
    expect(readJson(directory, 'oci-layout')).to.deep.equal({ imageLayoutVersion: '1.0.0' });
    expect(Object.keys(readJson(directory, 'repositories') as object)).to.deep.equal([
      'team/one',
      'team/two',
    ]);
  });

  it('is taken back, ids and all, and saved from there gives the same bytes', async () => {
    const archive = await save('names=team/one:1&names=team/two:2');
    const other = await startImages();
    try {
      const { lines } = await other.call('POST', '/images/load?quiet=1', {}, archive);
      expect(lines).to.deep.equal([
        { stream: 'Loaded image: team/one:1\n' },
        { stream: 'Loaded image: team/two:2\n' },
      ]);
      for (const [name, id] of Object.entries(ids)) {
        expect(other.images.resolver.resolve(name).id).to.equal(id);
      }
      expect((await save('names=team/one:1&names=team/two:2', other)).equals(archive)).to.equal(true);
    } finally {
      await other.close();
    }
  });

  it('is read by skopeo, as docker-archive and as OCI archive', async () => {
    const { binDir } = await debianTools(['skopeo']);
    const both = join(scratch, 'both.tar');
    writeFileSync(both, await save('names=team/one:1&names=team/two:2'));
    const copied = (source: string): string => {
      const target = mkdtempSync(join(scratch, 'copied-'));
      const policy = ['--insecure-policy', '--tmpdir', scratch];
      execFileSync(join(binDir, 'skopeo'), [...policy, 'copy', '--quiet', source, `oci:${target}:x`]);
      const index = readJson(target, 'index.json') as { manifests: { digest: string }[] };
      const digest = index.manifests[0]?.digest.slice(7) ?? '';
      return (readJson(target, `blobs/sha256/${digest}`) as { config: { digest: string } }).config.digest;
    };
    expect(copied(`docker-archive:${both}:team/one:1`)).to.equal(ids['team/one:1']);
    expect(copied(`docker-archive:${both}:team/two:2`)).to.equal(ids['team/two:2']);
    expect(copied(`oci-archive:${both}:1`)).to.equal(ids['team/one:1']);
    expect(copied(`oci-archive:${both}:2`)).to.equal(ids['team/two:2']);
  });

  it('knows a repository by its name, an image by its id, and says what is not there', async () => {
    await under.call('POST', '/images/team/one:1/tag?repo=team/one&tag=again');
    const tagsOf = (archive: Buffer): (string[] | null)[] =>
      (readJson(unpack(archive), 'manifest.json') as { RepoTags: string[] | null }[]).map(
        ({ RepoTags }) => RepoTags,
      );
    expect(tagsOf(await save('names=team/one'))).to.deep.equal([['team/one:1', 'team/one:again']]);
    expect(tagsOf(await save('names=team/one:again'))).to.deep.equal([['team/one:again']]);
    const id = ids['team/two:2'] ?? '';
    expect(tagsOf(await save(`names=${id.slice(7, 20)}`))).to.deep.equal([null]);
    const one = await binary(under, '/images/team/two:2/get');
    expect(tagsOf(one.body)).to.deep.equal([['team/two:2']]);
    for (const [query, status, message] of [
      ['names=none:1', 404, 'No such image: none:1'],
      ['', 400, 'no images to save'],
      [
        'names=team/one:1&platform=linux/arm64',
        404,
        'does not match the specified platform (linux/arm64/v8)',
      ],
      [`names=team/one:1&platform=${encodeURIComponent('{"os":"linux"}')}`, 400, 'failed to parse platform'],
    ] as const) {
      const answer = await binary(under, `/images/get?${query}`);
      expect([answer.status, answer.body.toString()], query).to.satisfy(
        ([got, text]: [number, string]) => got === status && text.includes(message),
      );
    }
    const platform = encodeURIComponent('{"architecture":"amd64","os":"linux"}');
    expect(tagsOf(await save(`names=team/one:1&platform=${platform}`))).to.deep.equal([['team/one:1']]);
  });

  it('says of a blob that is gone which one, before anything is sent', async () => {
    const [layer] = under.images.resolver.resolve('team/two:2').layers.slice(1);
    const path = join(under.directory, 'data', 'blobs', 'sha256', layer?.diffId.slice(7) ?? '');
    const kept = readFileSync(path); // stored as it is: its digest is its diffID
    rmSync(path);
    try {
      const { status, body } = await binary(under, '/images/get?names=team/two:2');
      expect(status).to.equal(500);
      expect(body.toString()).to.contain(layer?.diffId).and.to.contain('Pull or load the image again');
    } finally {
      writeFileSync(path, kept);
    }
  });

  it('leaves nothing of a client that goes, and an image removed meanwhile is gone afterwards', async () => {
    const big = layerTar([file('big', Buffer.alloc(8 * 1024 * 1024, 7))]);
    const config = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(big)}`] },
    };
    const archive = layerTar([
      file('l.tar', big),
      file('c.json', JSON.stringify(config)),
      file('manifest.json', JSON.stringify([{ Config: 'c.json', RepoTags: ['big:1'], Layers: ['l.tar'] }])),
    ]);
    await under.call('POST', '/images/load?quiet=1', {}, archive);
    const blob = join(under.directory, 'data', 'blobs', 'sha256', sha256(big));
    expect(statSync(blob).size).to.equal(big.length);
    const request = httpRequest({
      socketPath: join(under.directory, 'api.sock'),
      path: '/images/get?names=big:1',
    });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response, 'readable');
    expect((await under.call('DELETE', '/images/big:1')).status).to.equal(200);
    expect(statSync(blob).size).to.equal(big.length); // it is being read
    response.destroy();
    const deadline = Date.now() + 20_000;
    while (readdirSync(join(under.directory, 'data', 'blobs', 'sha256')).includes(sha256(big))) {
      if (Date.now() > deadline) throw new Error('the blob is still there');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(readdirSync(join(under.directory, 'data', 'ingest'))).to.deep.equal([]);
  });
});
