import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { digestOf } from '../../../src/platform/net/digest-cache.ts';
import { composeImage } from '../../../src/image-builder/compose.ts';
import type { ComposeOptions } from '../../../src/image-builder/compose.ts';
import { smallDisk } from '../../helpers/small-disk.ts';
import { composeOptions } from './compose-world.ts';
import { failureOf, newWorld, PACKAGES } from './debian/world.ts';
import type { World } from './debian/world.ts';

/** Less than an image of the test packages has, and far more. */
const TOO_SMALL = 64 << 10;
const AMPLE = 8 << 20;

describe('composing onto a full disk', () => {
  let directory: string;
  let options: ComposeOptions;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-full-'));
    options = await composeOptions(directory, () => undefined);
  });
  after(async () => rm(directory, { recursive: true, force: true }));

  const left = async (imagesDir: string): Promise<string[]> =>
    (await readdir(imagesDir)).filter((name) => name !== '.lock' && name !== 'ballast');

  it('says what is needed before it writes a byte', async () => {
    using disk = smallDisk(TOO_SMALL);
    const error = await failureOf(() => composeImage({ ...options, imagesDir: disk.path }));
    expect(error.code).to.equal('IMAGE_DISK_FULL');
    expect(error.message)
      .to.contain(disk.path)
      .and.to.match(/: 1 MiB needed, 0 MiB free; nothing half-made was left$/);
    expect(error.cause).to.equal(undefined);
    expect(await left(disk.path)).to.deep.equal([]);
  });

  it('leaves nothing when the disk fills up while it writes', async () => {
    using disk = smallDisk(AMPLE);
    const failing = {
      ...options,
      imagesDir: disk.path,
      onProgress: ({ step }: { step: string }) => {
        if (step === 'system') disk.fill();
      },
    };
    const error = await failureOf(() => composeImage(failing));
    expect(error.code).to.equal('IMAGE_DISK_FULL');
    expect(error.message).to.contain('1 MiB needed');
    expect(error.cause).to.have.property('code', 'ENOSPC');
    expect(await left(disk.path)).to.deep.equal([]);
    disk.free();
    const { id } = await composeImage({ ...options, imagesDir: disk.path });
    expect(await left(disk.path)).to.deep.equal([id]);
  });

  it('says so on a disk without a byte left, too', async () => {
    using disk = smallDisk(AMPLE);
    disk.fill();
    const error = await failureOf(() => composeImage({ ...options, imagesDir: disk.path }));
    expect(error.code).to.equal('IMAGE_DISK_FULL');
    expect(error.message).to.contain('MiB needed');
    expect(await readdir(join(disk.path, '.lock')), 'in the lock').to.deep.equal([]);
    disk.free();
    const { id } = await composeImage({ ...options, imagesDir: disk.path });
    expect(await left(disk.path)).to.deep.equal([id]);
  });
});

describe('fetching into a full cache', () => {
  let world: World;
  const big = {
    name: 'big',
    version: '1',
    files: { 'usr/share/big': randomBytes(3 << 20).toString('hex') },
    compression: 'none' as const,
  };

  before(async () => {
    world = await newWorld();
    await world.publish({ packages: [...PACKAGES, big] });
  });
  after(async () => world.close());

  /** Every file that has a digest for a name must hash to it; nothing may be in progress. */
  async function requireWhole(cacheDir: string): Promise<void> {
    for (const entry of await readdir(cacheDir, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || entry.name === 'ballast') continue;
      expect(path).not.to.match(/\.(part|tmp)$/);
      if (entry.name === 'seen.json') JSON.parse(await readFile(path, 'utf8'));
      else expect(digestOf('sha256', await readFile(path)).hex, path).to.equal(entry.name);
    }
  }

  it('is refused before the first byte, with what is needed and what is free', async () => {
    using disk = smallDisk(2 << 20);
    const archive = await world.open({ cacheDir: disk.path });
    const error = await failureOf(() => archive.fetch(archive.resolve(['app', 'big'])));
    expect(error.code).to.equal('DISK_FULL');
    expect(error.message)
      .to.contain(disk.path)
      .and.to.match(/for 3 files: 6\.\d MB needed, [12]\.\d MB free; nothing half-made was left$/);
    await requireWhole(disk.path);
  });

  it('keeps what is whole and nothing else when the disk fills up on the way', async () => {
    using disk = smallDisk(AMPLE);
    let others = true;
    const archive = await world.open({
      cacheDir: disk.path,
      onProgress: ({ name, received }) => {
        if (others && name.startsWith('big') && received > 0) disk.fill();
      },
    });
    const error = await failureOf(() => archive.fetch(archive.resolve(['big'])));
    expect(error.code).to.equal('DISK_FULL');
    expect(error.message).to.match(/for big 1: 6\.\d MB needed, 0\.\d MB free/);
    await requireWhole(disk.path);
    disk.free();
    others = false;
    expect(await archive.fetch(archive.resolve(['big']))).to.have.lengthOf(1);
  });

  it('does not begin to trust a list that it cannot keep', async () => {
    using disk = smallDisk(AMPLE);
    disk.fill();
    const error = await failureOf(() => world.open({ cacheDir: disk.path }));
    expect(error.code).to.equal('DISK_FULL');
    expect(error.message).to.contain(`InRelease of trixie`);
    await requireWhole(disk.path);
    disk.free();
    const archive = await world.open({ cacheDir: disk.path });
    expect(archive.resolve(['app'])).to.have.lengthOf(2);
  });
});
