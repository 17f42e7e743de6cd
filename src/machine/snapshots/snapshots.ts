import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncDirectory, writeFileDurably } from '../../platform/atomic-file.ts';
import { copySparse } from '../../platform/copy-sparse.ts';
import type { MachineContext, Reporter } from '../context.ts';
import { requireOff } from '../off.ts';
import type { MachineFiles } from '../store/filenames.ts';
import { machineConfig, type MachineConfig } from '../store/machine-config.ts';
import { finishRestore, unfinishedRestore } from './finish-restore.ts';
import {
  listSnapshots,
  loadSnapshot,
  removeSnapshot,
  saveSnapshot,
  type Snapshot,
} from './snapshot-store.ts';

/**
 * Keeps a stopped machine's data disk and settings under a name, by default the time. Errors: `MACHINE_NOT_FOUND`,
 * `MACHINE_NOT_OFF`, `SNAPSHOT_EXISTS`, `LOCKED`.
 *
 * @returns the snapshot's name
 */
export async function createSnapshot(
  context: MachineContext,
  machine: string,
  snapshot: string | undefined,
  report: Reporter,
  signal: AbortSignal,
): Promise<string> {
  const { files } = await context.store.load(machine);
  return context.store.withLock(machine, { verb: 'snapshot', signal }, async () => {
    const { config } = await requireOff(context, machine, 'snapshot');
    const createdAt = new Date(context.clock.now()).toISOString();
    const name = snapshot ?? nameOf(createdAt);
    await report.step(`Snapshot "${machine}"`, async () => {
      await saveSnapshot(files, name, { snapshotVersion: 1, createdAt, config }, (to) =>
        copySparse(files.dataDisk, to, copyPorts(context), signal),
      );
      return { value: undefined, summary: name };
    });
    return name;
  });
}

/** Oldest first. Error: `MACHINE_NOT_FOUND`. */
export async function machineSnapshots(context: MachineContext, machine: string): Promise<Snapshot[]> {
  return listSnapshots((await context.store.load(machine)).files);
}

/**
 * Brings a stopped machine's data disk and settings back to what a snapshot has; what was there is lost. Its VM image
 * stays, its snapshots too. A crash leaves the old state or, once it is decided, has the next start finish the new one.
 * Errors: `MACHINE_NOT_FOUND`, `SNAPSHOT_NOT_FOUND`, `SNAPSHOT_BROKEN`, `MACHINE_NOT_OFF`, `LOCKED`.
 */
export async function restoreSnapshot(
  context: MachineContext,
  machine: string,
  snapshot: string,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const { files } = await context.store.load(machine);
  await context.store.withLock(machine, { verb: 'snapshot', signal }, async () => {
    const { config } = await requireOff(context, machine, 'restore');
    const found = await loadSnapshot(files, snapshot);
    await report.step(`Restore "${machine}"`, async () => {
      const asThen = { ...found.record.config, ...identityOf(config) };
      await prepareRestore(context, files, found.dataDisk, asThen, signal);
      await finishRestore(files);
      return { value: undefined, summary: `as of ${found.record.createdAt}` };
    });
  });
}

/** Errors: `MACHINE_NOT_FOUND`, `SNAPSHOT_NOT_FOUND`, `LOCKED`. */
export async function dropSnapshot(
  context: MachineContext,
  machine: string,
  snapshot: string,
  signal: AbortSignal,
): Promise<void> {
  const { files } = await context.store.load(machine);
  await context.store.withLock(machine, { verb: 'snapshot', signal }, () => removeSnapshot(files, snapshot));
}

/** What a machine is and boots from stays: the snapshot's image may have been removed since. */
function identityOf({
  name,
  driver,
  arch,
  imageId,
  createdAt,
  identity,
}: MachineConfig): Partial<MachineConfig> {
  return { name, driver, arch, imageId, createdAt, ...(identity === undefined ? {} : { identity }) };
}

/** Everything beside its place; the rename decides. */
async function prepareRestore(
  context: MachineContext,
  files: MachineFiles,
  dataDisk: string,
  config: MachineConfig,
  signal: AbortSignal,
): Promise<void> {
  const building = unfinishedRestore(files);
  const inside = (path: string): string => join(building, basename(path));
  await mkdir(building, { mode: 0o700 });
  try {
    await copySparse(dataDisk, inside(files.dataDisk), copyPorts(context), signal);
    const text = `${JSON.stringify(machineConfig.parse(config), undefined, 2)}\n`;
    await writeFileDurably(inside(files.config), text);
    await syncDirectory(building);
    await rename(building, files.restored);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
  await syncDirectory(files.directory);
}

/** `2026-11-22T12-00-00`. */
const nameOf = (createdAt: string): string => createdAt.slice(0, 19).replaceAll(':', '-');

const copyPorts = ({ agent }: MachineContext) => ({ exec: agent.exec, platform: process.platform });
