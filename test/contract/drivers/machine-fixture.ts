import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineSpec } from '../../../src/drivers/driver.ts';

/**
 * A machine in a temporary directory whose path has what paths have: a space and a comma. Its image lies outside of it,
 * because QEMU splits `-initrd` at both for Multiboot kernels (not for Linux).
 */
export async function temporaryMachine(
  change: Partial<MachineSpec> = {},
): Promise<{ spec: MachineSpec; root: string; cleanUp: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'wherry-drivers-'));
  const directory = join(root, 'my, own box');
  await mkdir(directory);
  const spec: MachineSpec = {
    name: 'box',
    arch: 'amd64',
    cpus: 1,
    memoryMiB: 64,
    diskGiB: 1,
    directory,
    runDirectory: directory,
    image: {
      id: 'test',
      arch: 'amd64',
      kernel: join(root, 'kernel'),
      initrd: join(root, 'initrd'),
      systemDisk: join(root, 'system'),
      commandLine: '',
    },
    dataDisk: join(directory, 'data.img'),
    configDisk: join(directory, 'config.img'),
    consoleLog: join(directory, 'console.log'),
    options: {},
    ...change,
  };
  for (const path of [spec.image.kernel, spec.image.initrd, spec.image.systemDisk, spec.configDisk]) {
    await writeFile(path, Buffer.alloc(512));
  }
  return { spec, root, cleanUp: () => rm(root, { recursive: true, force: true }) };
}
