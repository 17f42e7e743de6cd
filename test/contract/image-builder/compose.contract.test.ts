import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { WherryError } from '../../../src/core/errors.ts';
import { composeImage, ensureImage } from '../../../src/image-builder/compose.ts';
import type { ComposeOptions } from '../../../src/image-builder/compose.ts';
import {
  findImage,
  listImages,
  pruneImages,
  removeImage,
  resolveImageId,
  verifyImage,
} from '../../../src/image-builder/store/image-store.ts';
import { composeOptions } from './compose-world.ts';

async function failureOf(work: Promise<unknown>): Promise<WherryError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof WherryError) return error;
    throw error;
  }
  throw new Error('It should have failed.');
}

describe('composing an image from packages', () => {
  let directory: string;
  let options: ComposeOptions;
  let gathered: number;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'compose-'));
    options = await composeOptions(directory, () => {
      gathered += 1;
    });
  });

  after(async () => rm(directory, { recursive: true, force: true }));

  beforeEach(async () => {
    gathered = 0;
    await rm(join(directory, 'images'), { recursive: true, force: true });
    await rm(join(directory, 'others'), { recursive: true, force: true });
  });

  it('gives the same bytes twice, in different places', async () => {
    const first = await composeImage(options);
    const second = await composeImage({ ...options, imagesDir: join(directory, 'others') });
    expect(second).to.deep.equal(first);
    expect(first.distribution).to.equal('Debian 13.7');
    const names = await readdir(join(directory, 'images', first.id));
    expect(names.sort()).to.deep.equal(
      ['Image', 'image.json', 'initrd', 'lock.json', 'sbom.spdx.json', 'system.erofs'].sort(),
    );
    for (const name of names) {
      const [a, b] = await Promise.all(
        ['images', 'others'].map(async (place) => readFile(join(directory, place, first.id, name))),
      );
      expect(a !== undefined && b !== undefined && a.equals(b), name).to.equal(true);
    }
    const lock: unknown = JSON.parse(
      await readFile(join(directory, 'images', first.id, 'lock.json'), 'utf8'),
    );
    expect(lock)
      .to.have.nested.property('debian[0].sha256')
      .that.matches(/^[0-9a-f]{64}$/);
  });

  it('changes its id with a byte of the engine, and only composes when nothing fits', async () => {
    const first = await ensureImage(options);
    expect((await ensureImage(options)).id).to.equal(first.id);
    expect(gathered).to.equal(1);
    const otherEngine = join(directory, 'engine2.mjs');
    await writeFile(otherEngine, 'export {}; \n');
    const second = await ensureImage({ ...options, engineBundle: otherEngine });
    expect(gathered).to.equal(2);
    expect(second.id).not.to.equal(first.id);
  });

  it('leaves nothing half-made when it is interrupted, and sweeps what a killed one left', async () => {
    const abort = new AbortController();
    const failed = composeImage({
      ...options,
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === 'system') abort.abort(new Error('stop'));
      },
    });
    let reason: unknown;
    try {
      await failed;
    } catch (error) {
      reason = error;
    }
    expect(reason).to.be.an('error');
    expect(await listImages(options.imagesDir)).to.deep.equal([]);
    await writeFile(join(options.imagesDir, '.building-left'), 'x');
    const { id } = await composeImage(options);
    expect((await readdir(options.imagesDir)).filter((name) => name !== '.lock')).to.deep.equal([id]);
  });

  it('names the file that was tampered with, and neither finds nor lists a torn image as whole', async () => {
    const { id, engine } = await composeImage(options);
    expect((await verifyImage(options.imagesDir, id)).tampered).to.deep.equal([]);
    const initrd = join(options.imagesDir, id, 'initrd');
    const bytes = await readFile(initrd);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    await writeFile(initrd, bytes);
    const { tampered } = await verifyImage(options.imagesDir, id);
    expect(tampered.map(({ file }) => file)).to.deep.equal(['initrd']);
    await composeImage(options);
    expect((await verifyImage(options.imagesDir, id)).tampered, 'composed again').to.deep.equal([]);

    await writeFile(initrd, bytes.subarray(1));
    const inputs = {
      arch: 'arm64',
      recipeDigest: options.recipe?.digest ?? '',
      engine,
      wherryVersion: '1.2.3',
    } as const;
    expect(await findImage(options.imagesDir, inputs)).to.equal(undefined);

    const manifest = join(options.imagesDir, id, 'image.json');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('quiet', 'loud'));
    expect(await listImages(options.imagesDir)).to.have.nested.property('[0].broken');
  });

  it('refuses to remove an image that a machine uses; prune keeps it too', async () => {
    const { id } = await composeImage(options);
    expect(await resolveImageId(options.imagesDir, id.slice(0, 6))).to.equal(id);
    const refused = await failureOf(removeImage(options.imagesDir, id, async () => ['default']));
    expect(refused).to.include({ code: 'IMAGE_IN_USE' });
    expect(refused.message).to.contain('default');
    expect((await pruneImages(options.imagesDir, async () => ['default'])).removed).to.deep.equal([]);
    // Taken while it is being removed: it is back as it was.
    const taken = () => {
      let asked = 0;
      return () => Promise.resolve(asked++ === 0 ? [] : ['default']);
    };
    expect(await failureOf(removeImage(options.imagesDir, id, taken()))).to.include({ code: 'IMAGE_IN_USE' });
    expect((await verifyImage(options.imagesDir, id)).tampered).to.deep.equal([]);
    expect((await pruneImages(options.imagesDir, async () => [])).removed).to.deep.equal([id]);
    expect(await listImages(options.imagesDir)).to.deep.equal([]);
    expect(await failureOf(resolveImageId(options.imagesDir, id))).to.include({ code: 'IMAGE_NOT_FOUND' });
  });
});
