import type { Exec } from './exec.ts';
import { systemProgram } from './windows-programs.ts';

export interface SparsePorts {
  readonly exec: Pick<Exec, 'check'>;
  readonly platform: NodeJS.Platform;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** NTFS allocates what a file is extended by, unless it is told before; elsewhere nothing is needed. */
export async function markSparse(path: string, { exec, platform, env }: SparsePorts): Promise<void> {
  if (platform !== 'win32') return;
  await exec.check([systemProgram('fsutil.exe', env), 'sparse', 'setflag', path]);
}
