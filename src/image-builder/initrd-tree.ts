import { WherryError } from '../core/errors.ts';
import { builtInModules, loadOrder } from './kernel-modules.ts';
import type { KernelModules } from './kernel-modules.ts';
import type { LoadedRecipe } from './recipe/load.ts';
import { device, directory, file } from './tree/nodes.ts';
import { FsTree } from './tree/tree.ts';
import type { KernelFiles } from './unpack.ts';

/**
 * The initrd: busybox, the modules that the system disk needs (`modules/order` lists them), the recipe's `initrd/` files,
 * and the console that the kernel opens for init before anything could make it.
 */
export function initrdTree(
  loaded: LoadedRecipe,
  system: FsTree,
  modules: KernelModules,
  kernel: KernelFiles,
  buildTime: number,
): FsTree {
  const tree = new FsTree();
  for (const path of ['bin', 'dev', 'proc', 'sys', 'root', 'modules']) tree.add(path, directory());
  tree.add('dev/console', device('char', 5, 1));
  const busybox = system.lookup('usr/bin/busybox');
  if (busybox?.type !== 'file')
    throw new WherryError({
      code: 'RECIPE_INVALID',
      message: 'No package brings usr/bin/busybox, which the initrd needs.',
    });
  tree.add('bin/busybox', file(busybox.content, { mode: 0o755 }));
  const order = loadOrder(modules, loaded.recipe.modules.initrd, builtInModules(kernel.modules));
  for (const module of order) tree.add(`modules/${module.name}.ko`, file(module.elf));
  tree.add('modules/order', file(order.map((module) => `${module.name}.ko\n`).join('')));
  for (const [path, bytes] of loaded.initrd) tree.add(path, file(bytes, { mode: 0o755 }));
  for (const [, node] of tree.entries()) node.mtime = buildTime;
  return tree;
}
