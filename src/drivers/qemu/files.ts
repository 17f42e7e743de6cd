import { access, open, rm, stat } from 'node:fs/promises';
import { messageOf, WherryError } from '../../core/errors.ts';
import { markSparse } from '../../platform/sparse-flag.ts';
import type { MachineSpec } from '../driver.ts';
import type { QemuHost } from './host.ts';
import { qemuLogPath } from './vm-file.ts';

const GIB = 2 ** 30;

/**
 * Makes the data disk: raw and sparse, it takes space as the guest fills it. One that exists is kept; one that a
 * crash left empty is given its size.
 */
export async function makeDataDisk(host: QemuHost, spec: MachineSpec): Promise<void> {
  const file = await open(spec.dataDisk, 'a', 0o600);
  try {
    if ((await file.stat()).size > 0) return;
    await markSparse(spec.dataDisk, host);
    await file.truncate(spec.diskGiB * GIB);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives a data disk that has become larger its new size; the guest grows the filesystem when it boots. Never smaller. */
export async function growDataDisk(spec: MachineSpec): Promise<void> {
  const wanted = spec.diskGiB * GIB;
  const { size } = await stat(spec.dataDisk);
  if (size >= wanted) return;
  const file = await open(spec.dataDisk, 'r+');
  try {
    await file.truncate(wanted);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function removeFiles(spec: MachineSpec): Promise<void> {
  const logs = [spec.consoleLog, `${spec.consoleLog}.1`, qemuLogPath(spec)];
  for (const path of [spec.dataDisk, ...logs]) await rm(path, { force: true });
}

/** Error: `IMAGE_INCOMPLETE`, before QEMU says it in its own way. */
export async function requireBootFiles(spec: MachineSpec): Promise<void> {
  const { kernel, initrd, systemDisk } = spec.image;
  for (const path of [kernel, initrd, systemDisk]) {
    await readable(path, `the VM image of "${spec.name}" is not complete`, 'wherry machine image build');
  }
}

/** As {@link requireBootFiles} for the machine's own disks. */
export async function requireDisks(spec: MachineSpec): Promise<void> {
  for (const path of [spec.dataDisk, spec.configDisk]) {
    await readable(path, `"${spec.name}" has lost a disk`, `wherry machine rm -f ${spec.name}`);
  }
}

async function readable(path: string, what: string, hint: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    throw new WherryError({
      code: 'IMAGE_INCOMPLETE',
      message: `${what}: ${messageOf(error)}`,
      hint: `Make it again:  ${hint}`,
      cause: error,
    });
  }
}
