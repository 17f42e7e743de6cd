import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf, systemErrorCode, WherryError } from '../../core/errors.ts';
import { makeOwnerOnlyDirectory, syncDirectory, writeFileDurably } from '../../platform/atomic-file.ts';
import type { MachineFiles } from '../store/filenames.ts';
import { CONFIG_VERSION, machineConfig } from '../store/machine-config.ts';
import { isMachineName } from '../store/machine-store.ts';
import { migrate } from '../store/migrations/migrate.ts';

/** `snapshot.json`: the machine's settings as they were. */
const snapshotFile = z.strictObject({
  snapshotVersion: z.literal(1),
  createdAt: z.iso.datetime(),
  config: machineConfig,
});

export type SnapshotRecord = z.infer<typeof snapshotFile>;

/** A snapshot.json; the settings of an older Wherry's are brought up to date, as a machine.json's are. */
export function readSnapshotRecord(
  text: string,
  bringUpToDate: (config: unknown) => unknown = (config) => migrate(config, CONFIG_VERSION),
): SnapshotRecord {
  const outer = snapshotFile.extend({ config: z.unknown() }).parse(JSON.parse(text));
  return snapshotFile.parse({ ...outer, config: bringUpToDate(outer.config) });
}

/** A snapshot, or why it can't be used. */
export type Snapshot =
  | {
      readonly name: string;
      readonly record: SnapshotRecord;
      readonly dataDisk: string;
      /** What its disk takes of this computer's; blocks that it shares with others are counted in full. */
      readonly bytes: number;
    }
  | { readonly name: string; readonly broken: string };

/** Files of the snapshot `name`; `directory` where that isn't its final place. */
function filesOf(directory: string) {
  return { record: join(directory, 'snapshot.json'), dataDisk: join(directory, 'data.img') };
}

/** A machine's snapshots, oldest first, broken ones last. */
export async function listSnapshots(files: MachineFiles): Promise<Snapshot[]> {
  const names = (await entriesOf(files)).filter(isMachineName);
  const found = await Promise.all(names.map((name) => read(files, name)));
  const key = (snapshot: Snapshot): number =>
    'broken' in snapshot ? Infinity : Date.parse(snapshot.record.createdAt);
  return found.sort((a, b) => (key(a) === key(b) ? a.name.localeCompare(b.name, 'en') : key(a) - key(b)));
}

/** Errors: `SNAPSHOT_NOT_FOUND`, `SNAPSHOT_BROKEN`. */
export async function loadSnapshot(
  files: MachineFiles,
  name: string,
): Promise<Exclude<Snapshot, { broken: string }>> {
  if (!(await entriesOf(files)).includes(name) || !isMachineName(name)) throw notFound(files, name);
  const found = await read(files, name);
  if (!('broken' in found)) return found;
  throw new WherryError({
    code: 'SNAPSHOT_BROKEN',
    message: `snapshot "${name}" of machine "${files.name}" can't be used: ${found.broken}`,
    hint: `Remove it:  wherry machine snapshot rm ${files.name} ${name}`,
  });
}

/**
 * Makes a snapshot: `fill` writes the data disk into a directory beside the final place, which a rename then makes the
 * snapshot. The machine's lock is held. Error: `SNAPSHOT_EXISTS`.
 */
export async function saveSnapshot(
  files: MachineFiles,
  name: string,
  record: SnapshotRecord,
  fill: (dataDisk: string) => Promise<void>,
): Promise<void> {
  requireSnapshotName(name);
  await sweepSnapshots(files);
  if ((await entriesOf(files)).includes(name)) {
    throw new WherryError({
      code: 'SNAPSHOT_EXISTS',
      message: `machine "${files.name}" has a snapshot "${name}" already`,
      hint: `Remove it first:  wherry machine snapshot rm ${files.name} ${name}`,
    });
  }
  const building = join(files.snapshots, `.new-${name}~${randomBytes(6).toString('hex')}`);
  const inside = filesOf(building);
  try {
    await makeOwnerOnlyDirectory(building);
    // The directory of all snapshots may be new, too.
    await syncDirectory(files.directory);
    await fill(inside.dataDisk);
    await writeFileDurably(inside.record, `${JSON.stringify(snapshotFile.parse(record), undefined, 2)}\n`);
    await syncDirectory(building);
    await rename(building, join(files.snapshots, name));
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
  await syncDirectory(files.snapshots);
}

/** Removes a snapshot, a broken one too: from one rename on it isn't there. Error: `SNAPSHOT_NOT_FOUND`. */
export async function removeSnapshot(files: MachineFiles, name: string): Promise<void> {
  if (!isMachineName(name) || !(await entriesOf(files)).includes(name)) throw notFound(files, name);
  const leaving = join(files.snapshots, `.old-${name}~${randomBytes(6).toString('hex')}`);
  await rename(join(files.snapshots, name), leaving);
  await syncDirectory(files.snapshots);
  await sweepSnapshots(files);
}

/** Removes what a killed command has left. */
async function sweepSnapshots(files: MachineFiles): Promise<void> {
  for (const entry of await entriesOf(files)) {
    if (/^\.(?:new|old)-/.test(entry)) await rm(join(files.snapshots, entry), { recursive: true });
  }
}

async function read(files: MachineFiles, name: string): Promise<Snapshot> {
  const { record, dataDisk } = filesOf(join(files.snapshots, name));
  try {
    const parsed = readSnapshotRecord(await readFile(record, 'utf8'));
    const { blocks } = await stat(dataDisk);
    return { name, record: parsed, dataDisk, bytes: blocks * 512 };
  } catch (error) {
    return { name, broken: messageOf(error).replaceAll('\n', ' ') };
  }
}

async function entriesOf({ snapshots }: MachineFiles): Promise<string[]> {
  try {
    return await readdir(snapshots);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function requireSnapshotName(name: string): void {
  if (isMachineName(name)) return;
  throw new WherryError({
    code: 'INVALID_NAME',
    message: `"${name}" is not a snapshot's name. Allowed chars are: 0-9a-zA-Z . -`,
  });
}

function notFound(files: MachineFiles, name: string): WherryError {
  return new WherryError({
    code: 'SNAPSHOT_NOT_FOUND',
    message: `machine "${files.name}" has no snapshot "${name}"`,
    hint: `See:  wherry machine snapshot ls ${files.name}`,
  });
}
