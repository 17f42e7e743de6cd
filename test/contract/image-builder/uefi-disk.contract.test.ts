import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { readVhdx } from '../../../src/core/vhdx/layout.ts';
import { bootFiles } from '../../../src/image-builder/boot-image.ts';
import { composeImage } from '../../../src/image-builder/compose.ts';
import type { ComposeOptions } from '../../../src/image-builder/compose.ts';
import { verifyImage } from '../../../src/image-builder/store/image-store.ts';
import type { ImageManifest } from '../../../src/image-builder/store/manifest.ts';
import { ensureUefiDisk } from '../../../src/image-builder/uefi/uefi-image.ts';
import { peSections } from '../../../src/image-builder/uki/pe.ts';
import { readKernelPackage } from '../../../src/image-builder/unpack.ts';
import { debianTools } from '../../helpers/debian-tools.ts';
import { peImage } from '../../unit/image-builder/uki/pe-fixture.ts';
import { composeOptions } from './compose-world.ts';

const run = promisify(execFile);
const MIB = 2 ** 20;

describe("an image's UEFI disk", function () {
  this.timeout(120_000);
  let bin: string;
  let directory: string;
  let options: ComposeOptions;
  let manifest: ImageManifest;
  let made = 0;

  const disk = (imagesDir = options.imagesDir): Promise<ImageManifest> =>
    ensureUefiDisk({
      imagesDir,
      id: manifest.id,
      cacheDir: options.cacheDir,
      recipe: options.recipe,
      async ingredients() {
        made += 1;
        const path = join(directory, 'linux-image-6.12.1-test.deb');
        const kernel = await readKernelPackage({ record: { name: 'linux-image-6.12.1-test' }, path });
        const record = {
          name: 'stub',
          version: '1',
          architecture: 'arm64',
          suite: 'trixie',
          url: 'u',
          sha256: 's',
        };
        return {
          kernel: { ...kernel, image: peImage(1, 0x9000) },
          stub: peImage(8),
          stubPackage: {
            ...record,
            multiArch: undefined,
            depends: [],
            conflicts: [],
            provides: [],
            source: record,
            maintainer: undefined,
            homepage: undefined,
            size: 1,
          },
          suites: [],
        };
      },
    });
  const path = (imagesDir = options.imagesDir): string => join(imagesDir, manifest.id, 'uefi.vhdx');

  before(async () => {
    ({ binDir: bin } = await debianTools(['qemu-utils', 'dosfstools', 'gdisk', 'mtools']));
    directory = await mkdtemp(join(tmpdir(), 'wherry-uefi-'));
    const composed = await composeOptions(directory, () => undefined);
    const { recipe } = composed;
    if (recipe?.recipe.uefi === undefined) throw new Error('the recipe has no UEFI disk');
    const uefi = { ...recipe.recipe.uefi, modules: ['veth'] };
    options = { ...composed, recipe: { ...recipe, recipe: { ...recipe.recipe, uefi } } };
    manifest = await composeImage(options);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('is made once, the same to the byte wherever it is made, and belongs to the image', async () => {
    expect(bootFiles(options.imagesDir, manifest)).not.to.have.property('uefiDisk');
    const first = await disk();
    expect(await disk()).to.deep.equal(first);
    expect(made).to.equal(1);
    expect(first.id).to.equal(manifest.id);
    expect(bootFiles(options.imagesDir, first)).to.have.property('uefiDisk', path());
    expect((await verifyImage(options.imagesDir, first.id)).tampered).to.deep.equal([]);
    const others = join(directory, 'others');
    await composeImage({ ...options, imagesDir: others });
    expect(await disk(others)).to.deep.equal(first);
    expect((await readFile(path(others))).equals(await readFile(path()))).to.equal(true);
  });

  it('stays when the same image is composed again', async () => {
    const before = await disk();
    const again = await composeImage(options);
    expect(again.files['uefi.vhdx']).to.deep.equal(before.files['uefi.vhdx']);
    expect((await verifyImage(options.imagesDir, again.id)).tampered).to.deep.equal([]);
  });

  it('is without fault to qemu-img, sgdisk and fsck.vfat, and holds what went in', async () => {
    await disk();
    const raw = join(directory, 'raw');
    const tool = async (name: string, ...words: string[]): Promise<string> =>
      (await run(join(bin, name), words, { encoding: 'latin1' })).stdout;
    expect(await tool('qemu-img', 'check', path())).to.contain('No errors were found on the image.');
    await tool('qemu-img', 'convert', '-O', 'raw', path(), raw);
    const bytes = await readFile(raw);
    expect(readVhdx(await readFile(path())).virtualBytes).to.equal(bytes.length);

    expect(await tool('sgdisk', '--verify', raw)).to.contain('No problems found.');
    const table = await tool('sgdisk', '--print', raw);
    expect(table).to.match(/EF00\s+EFI system\n/);
    const [, start] = /\s2\s+(\d+)\s.*wherry-system\n/.exec(table) ?? expect.fail(table);
    const system = await readFile(join(options.imagesDir, manifest.id, 'system.erofs'));
    const at = Number(start) * 512;
    expect(bytes.subarray(at, at + system.length).equals(system)).to.equal(true);

    const esp = join(directory, 'esp');
    await tool(
      'qemu-img',
      'dd',
      '-f',
      'raw',
      '-O',
      'raw',
      'bs=1M',
      'skip=1',
      `count=${at / MIB}`,
      `if=${raw}`,
      `of=${esp}`,
    );
    expect(await tool('fsck.vfat', '-n', esp)).to.match(/: 4 files, /);
    const uki = join(directory, 'uki');
    await run(join(bin, 'mcopy'), ['-i', `${raw}@@1M`, '::/EFI/BOOT/BOOTAA64.EFI', uki]);
    const sections = peSections(await readFile(uki));
    expect(sections.get('.cmdline')?.toString()).to.match(
      /^console=\S+ quiet panic=-1 wherry.root=PARTNAME=wherry-system wherry.ready=ttyS1$/,
    );
    expect(sections.get('.uname')?.toString()).to.equal('6.12.1-test');
    const initrd = await readFile(join(options.imagesDir, manifest.id, 'initrd'));
    expect(sections.get('.initrd')?.subarray(0, initrd.length).equals(initrd)).to.equal(true);
    expect(sections.get('.initrd')?.includes('modules/optional')).to.equal(true);
  });
});
