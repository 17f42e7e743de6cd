import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real file system of a few bytes, mounted at `path`. */
export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Takes all the room there is. */
  fill(): void;
  /** Gives it back. */
  free(): void;
}

/** Mounts a tmpfs of `size` bytes; needs root on Linux. Unmounted when disposed of. */
export function smallDisk(size: number): SmallDisk {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('This test mounts a small disk: run it as root on Linux.');
  const path = mkdtempSync(join(tmpdir(), 'wherry-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: () => {
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(4096));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    },
    free: () => rmSync(ballast),
    [Symbol.dispose]: () => {
      execFileSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}
