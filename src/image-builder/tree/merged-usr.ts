import type { Arch } from '../../core/arch.ts';
import { directory, symlink } from './nodes.ts';
import type { FsTree } from './tree.ts';

/**
 * Makes the merged-/usr symlinks (Debian Policy 10.1; base-files ships the same ones since trixie) before any package is
 * unpacked, so that a member under `lib/` lands in `usr/lib/` in whichever order the packages come.
 */
export function mergeUsr(tree: FsTree, arch: Arch): void {
  const names = arch === 'amd64' ? ['bin', 'lib', 'lib64', 'sbin'] : ['bin', 'lib', 'sbin'];
  for (const name of names) {
    tree.add(`usr/${name}`, directory());
    tree.add(name, symlink(`usr/${name}`));
  }
}
