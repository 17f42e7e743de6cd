import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootFiles } from '../../src/image-builder/boot-image.ts';
import { readManifest } from '../../src/image-builder/store/image-store.ts';
import { createQemuDriver } from '../../src/drivers/qemu/driver.ts';
import { driverSuite } from '../contract/drivers/suite.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';

/** The composed image, booted by the driver alone: no machine service, no agent. */
driverSuite('qemu, with the composed image', async () => {
  const { home } = world();
  const shared = join(home, 'machines', MACHINE);
  const { imageId } = JSON.parse(await readFile(join(shared, 'machine.json'), 'utf8')) as { imageId: string };
  const images = join(home, 'images');
  const image = bootFiles(images, await readManifest(images, imageId));
  const root = await mkdtemp(join(tmpdir(), 'wherry e2e, '));
  const directory = join(root, 'box');
  await mkdir(directory);
  const configDisk = join(directory, 'config.img');
  await copyFile(join(shared, 'config.img'), configDisk);
  const spec = {
    name: 'box',
    arch: image.arch,
    cpus: 1,
    memoryMiB: 1024,
    diskGiB: 2,
    directory,
    runDirectory: directory,
    image,
    dataDisk: join(directory, 'data.img'),
    configDisk,
    consoleLog: join(directory, 'console.log'),
    options: {},
  };
  return {
    makeDriver: () => createQemuDriver({ stateDirectory: join(home, 'drivers') }),
    spec,
    // The initrd finds no disk there and says so.
    broken: { ...spec, image: { ...image, commandLine: `${image.commandLine} wherry.root=/dev/vdz` } },
    timeoutMs: 120_000,
    cleanUp: () => rm(root, { recursive: true, force: true }),
  };
});
