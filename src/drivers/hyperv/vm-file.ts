import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readTextIfExists, writeFileAtomic } from '../../platform/atomic-file.ts';
import type { MachineSpec } from '../driver.ts';

/**
 * `hyperv.json` in the run directory: what the start of the running VM has found out. It never says whether the VM runs:
 * Hyper-V does.
 */
const vmFile = z.object({
  starter: z.object({ pid: z.number(), startedAt: z.string() }),
  /** The guest's own, once it has told. */
  address: z.string().optional(),
  /** Set with the engine's readiness: a start that was cut off hasn't it. */
  started: z.boolean().optional(),
});

export type VmFile = z.infer<typeof vmFile>;

function vmFilePath(spec: MachineSpec): string {
  return join(spec.runDirectory, 'hyperv.json');
}

export async function writeVmFile(spec: MachineSpec, file: VmFile): Promise<void> {
  await writeFileAtomic(vmFilePath(spec), `${JSON.stringify(file)}\n`);
}

/** Undefined where there is none, and where it isn't one (torn, or another version's). */
export async function readVmFile(spec: MachineSpec): Promise<VmFile | undefined> {
  const text = await readTextIfExists(vmFilePath(spec));
  if (text === undefined) return undefined;
  try {
    const parsed = vmFile.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function removeVmFile(spec: MachineSpec): Promise<void> {
  await rm(vmFilePath(spec), { force: true });
}
