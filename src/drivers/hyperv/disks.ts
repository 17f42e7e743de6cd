import { createHash } from 'node:crypto';
import { access, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { guidFromDigest } from '../../core/guid.ts';
import { systemErrorCode, WherryError } from '../../core/errors.ts';
import type { VhdxIds } from '../../core/vhdx/header.ts';
import { bytesSource, emptySource, writeVhdx } from '../../platform/vhdx-file.ts';
import type { MachineSpec } from '../driver.ts';
import { disksOf, isDiskName } from './names.ts';

const GIB = 2 ** 30;

/** Makes the data disk: an empty VHDX that grows as the guest fills it. One that exists is kept. */
export async function makeDataDisk(spec: MachineSpec): Promise<void> {
  const path = disksOf(spec).data;
  if (await exists(path)) return;
  // The head alone is written, in one file: one that a crash left short has no valid header and isn't mistaken for data.
  await writeVhdx(path, emptySource(spec.diskGiB * GIB), idsFor(`${spec.runDirectory} data`));
}

/** The machine's config disk (raw) as VHDX, written over in place: Hyper-V has given the file its access list. */
export async function writeConfigVhdx(spec: MachineSpec, signal?: AbortSignal): Promise<void> {
  const bytes = await readFile(spec.configDisk);
  const digest = createHash('sha256').update(bytes).digest('hex');
  await writeVhdx(disksOf(spec).config, bytesSource(bytes), idsFor(`config ${digest}`), signal);
}

/** The image's UEFI disk, which the machine's system disk is a difference to. Error: `IMAGE_INCOMPLETE`. */
export async function requireUefiDisk(spec: MachineSpec): Promise<string> {
  const { uefiDisk } = spec.image;
  if (uefiDisk !== undefined && (await exists(uefiDisk))) return uefiDisk;
  throw new WherryError({
    code: 'IMAGE_INCOMPLETE',
    message: `the VM image of "${spec.name}" has no UEFI disk${uefiDisk === undefined ? '' : ` any more: ${uefiDisk}`}`,
    hint: `Make the machine again:  wherry machine rm -f ${spec.name}`,
  });
}

/** Error: `IMAGE_INCOMPLETE`, before Hyper-V says it in its own way. */
export async function requireDataDisk(spec: MachineSpec): Promise<void> {
  const path = disksOf(spec).data;
  if (await exists(path)) return;
  throw new WherryError({
    code: 'IMAGE_INCOMPLETE',
    message: `"${spec.name}" has lost a disk: ${path}`,
    hint: `Make it again:  wherry machine rm -f ${spec.name}`,
  });
}

export async function removeDisks(spec: MachineSpec): Promise<void> {
  for (const name of await readdir(spec.directory))
    if (isDiskName(name)) await rm(join(spec.directory, name), { force: true });
}

/** Differences to images that the machine no longer boots from: there is nothing in them but the image's own bytes. */
export async function removeOldSystemDisks(spec: MachineSpec): Promise<void> {
  const current = basename(disksOf(spec).system);
  for (const name of await readdir(spec.directory))
    if (isDiskName(name) && name.startsWith('system-') && name !== current)
      await rm(join(spec.directory, name), { force: true });
}

function idsFor(what: string): VhdxIds {
  const id = (use: string): Buffer => guidFromDigest(createHash('sha256').update(`${use} ${what}`).digest());
  return { file: id('file'), data: id('data'), disk: id('disk') };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
