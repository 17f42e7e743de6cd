import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filtered, mutatedLayer } from './tar-target.ts';
import type { Target } from './target.ts';

const ARGV = ['--tar=f', '--aufs', '--quiet', '--sort=none', '-E^inline_data', '-b512', '-T0', '--mkfs-time'];

/** What the tar reader lets through, mkfs.erofs takes, and fsck.erofs finds nothing wrong with what it makes of it. */
export function mkfsTarget(binDir: string): Target {
  return {
    name: 'mkfs.erofs',
    make: mutatedLayer,
    check: (input) => {
      const layer = filtered(input, (left) => left);
      if (typeof layer === 'string') return undefined;
      const directory = mkdtempSync(join(tmpdir(), 'wherry-fuzz-'));
      try {
        const output = join(directory, 'layer.erofs');
        const mkfs = spawnSync(join(binDir, 'mkfs.erofs'), [...ARGV, output], {
          input: layer,
          timeout: 20_000,
        });
        const said = mkfs.stderr.toString().trim();
        if (mkfs.status !== 0 || said.includes('<E>'))
          return `mkfs.erofs: ${mkfs.status ?? mkfs.signal}: ${said}`;
        const into = join(directory, 'out');
        const fsck = spawnSync(join(binDir, 'fsck.erofs'), [`--extract=${into}`, output], {
          timeout: 20_000,
        });
        return fsck.status === 0 ? undefined : `fsck.erofs: ${fsck.stderr.toString().trim()}`;
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  };
}
