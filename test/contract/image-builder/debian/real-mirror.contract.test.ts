import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openArchive } from '../../../../src/image-builder/debian/archive.ts';
import { readDeb } from '../../../../src/image-builder/debian/deb.ts';
import { debianSuites } from '../../../../src/image-builder/debian/suites.ts';
import { failureOf } from './world.ts';

/** The small suites only: trixie's own list has 10 MB, and the tools that other tests bring read it anyway. */
describe('the real Debian mirror', () => {
  let cacheDir: string;
  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'wherry-mirror-'));
  });
  afterEach(async () => {
    await rm(cacheDir, { recursive: true, force: true });
  });

  it('is signed by the pinned keys, and what it lists can be read', async () => {
    const suites = (await debianSuites('trixie')).filter(({ suite }) => suite !== 'trixie');
    const archive = await openArchive({ suites, arch: 'amd64', cacheDir });
    expect(archive.suites.map(({ suite }) => suite)).to.deep.equal(['trixie-updates', 'trixie-security']);
    const exclude = ['linux-base', 'kmod', 'initramfs-tools'];
    const records = archive.resolve(['linux-image-cloud-amd64'], { exclude });
    const record = records.find(({ name }) => name === 'linux-image-cloud-amd64');
    if (record === undefined) throw new Error('trixie-security has no kernel');
    const [fetched] = await archive.fetch([record]);
    const paths: string[] = [];
    for await (const entry of readDeb(fetched?.path ?? '')) paths.push(entry.path);
    expect(paths).to.include('usr/share/doc/linux-image-cloud-amd64');
  });

  it("does not take the main archive's keys for the security archive", async () => {
    const [main, , security] = await debianSuites('trixie');
    if (main === undefined || security === undefined) throw new Error('three suites were expected');
    const error = await failureOf(() =>
      openArchive({ suites: [{ ...security, keys: main.keys }], arch: 'amd64', cacheDir }),
    );
    expect(error.code).to.equal('SIGNATURE_INVALID');
  });
});
