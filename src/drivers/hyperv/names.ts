import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { MachineSpec } from '../driver.ts';
import type { HypervHost } from './host.ts';

/**
 * The mark in a virtual machine's notes by which it is found again: the directory that this machine alone has. Names are
 * not unique in Hyper-V, and its own ids would be lost with a crash between making a machine and noting its id.
 */
function markOf(spec: MachineSpec): string {
  return `wherry ${spec.runDirectory}`;
}

/**
 * What a script finds a machine by: its mark, and the directory of its disks, since a crash may come between Hyper-V's
 * making of a virtual machine and its getting the mark.
 */
export function identityOf(spec: MachineSpec): { readonly mark: string; readonly directory: string } {
  return { mark: markOf(spec), directory: spec.directory };
}

/** As Hyper-V's own tools show it. */
export function displayName(spec: MachineSpec): string {
  return `wherry-${spec.name}`;
}

/** The pipes of COM 1, the console, and COM 2, the readiness port. Their names are the computer's, not the user's. */
export function pipesOf(
  host: HypervHost,
  spec: MachineSpec,
): { readonly console: string; readonly ready: string } {
  const hash = createHash('sha256').update(spec.runDirectory.toLowerCase()).digest('hex').slice(0, 12);
  return { console: host.pipeName(`wherry-${hash}-console`), ready: host.pipeName(`wherry-${hash}-ready`) };
}

/**
 * Hyper-V takes nothing but VHDX, and goes by the ending. The system's is a difference to an image's and says in its name to
 * which: another image means another disk.
 */
export function disksOf(spec: MachineSpec): {
  readonly system: string;
  readonly data: string;
  readonly config: string;
} {
  const file = (name: string): string => join(spec.directory, name);
  return {
    system: file(`system-${spec.image.id.slice(0, 12)}.vhdx`),
    data: file('data.vhdx'),
    config: file('config.vhdx'),
  };
}

/** Whether a file of a machine's directory is one of {@link disksOf}, of whichever image. */
export function isDiskName(name: string): boolean {
  return /^(?:system-\w+|data|config)\.vhdx$/.test(name);
}
