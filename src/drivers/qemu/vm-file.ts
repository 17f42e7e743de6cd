import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readTextIfExists, writeFileAtomic } from '../../platform/atomic-file.ts';
import type { MachineSpec } from '../driver.ts';
import { ACCELERATORS } from './options.ts';

const endpoint = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('unix'), path: z.string() }),
  z.object({ kind: z.literal('tcp'), host: z.string(), port: z.number() }),
]);

/**
 * `vm.json` in the run directory: how to find the QEMU of this machine again. Written without `process` before
 * QEMU is started and with it right after, so that a crash between the two leaves a VM that can still be
 * reached through its control socket. It says where to look, never what is true.
 */
const vmFile = z.object({
  process: z.object({ pid: z.number(), startedAt: z.string() }).optional(),
  accelerator: z.enum(ACCELERATORS),
  sshPort: z.number(),
  /** None on Windows. */
  qmp: endpoint.optional(),
  ready: endpoint,
  /** Who waits for its engine line, and whether that has come: a VM of which neither is true is half-started. */
  starter: z.object({ pid: z.number(), startedAt: z.string() }).optional(),
  started: z.boolean().optional(),
});

export type VmFile = z.infer<typeof vmFile>;

export function vmFilePath(spec: MachineSpec): string {
  return join(spec.runDirectory, 'vm.json');
}

/** QEMU's own messages of the current or the last start. */
export function qemuLogPath(spec: MachineSpec): string {
  return join(spec.runDirectory, 'qemu.log');
}

export async function writeVmFile(spec: MachineSpec, vm: VmFile): Promise<void> {
  await writeFileAtomic(vmFilePath(spec), `${JSON.stringify(vm, null, 2)}\n`);
}

/** Undefined where there is none, and where it isn't one (torn, or another version's): nothing can be found by it. */
export async function readVmFile(spec: MachineSpec): Promise<VmFile | undefined> {
  const text = await readTextIfExists(vmFilePath(spec));
  if (text === undefined) return undefined;
  const parsed = z
    .string()
    .transform((json, context): unknown => {
      try {
        return JSON.parse(json);
      } catch (error) {
        context.addIssue(String(error));
        return z.NEVER;
      }
    })
    .pipe(vmFile)
    .safeParse(text);
  return parsed.success ? parsed.data : undefined;
}

/** Takes away what a VM that has gone left behind. */
export async function removeTraces(spec: MachineSpec): Promise<void> {
  const vm = await readVmFile(spec);
  for (const channel of [vm?.qmp, vm?.ready]) {
    if (channel?.kind === 'unix') await rm(channel.path, { force: true });
  }
  await rm(vmFilePath(spec), { force: true });
}
