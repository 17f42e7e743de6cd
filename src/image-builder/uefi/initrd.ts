import type { Recipe } from '../recipe/schema.ts';
import { cpioArchive } from '../cpio/newc.ts';
import { builtInModules, loadOrder, moduleName, readKernelModules } from '../kernel-modules.ts';
import { directory, file } from '../tree/nodes.ts';
import { FsTree } from '../tree/tree.ts';
import type { KernelFiles } from '../unpack.ts';

/**
 * The image's initrd with a second archive behind it, which the kernel unpacks over the first (kernel,
 * Documentation/driver-api/early-userspace/buffer-format.rst): the recipe's UEFI modules and the order to try them in, each
 * with the modules that it can't do without.
 */
export async function uefiInitrd(
  initrd: Buffer,
  recipe: Recipe,
  kernel: KernelFiles,
  signal?: AbortSignal,
): Promise<Buffer> {
  const wanted = new Set((recipe.uefi?.modules ?? []).map(moduleName));
  const inInitrd = new Set(recipe.modules.initrd.map(moduleName));
  const isWanted = (_path: string, name: string): boolean => wanted.has(name) || inInitrd.has(name);
  const modules = await readKernelModules(kernel.modules, isWanted, signal);
  const builtIn = builtInModules(kernel.modules);
  const there = new Set(loadOrder(modules, recipe.modules.initrd, builtIn));
  const order = loadOrder(modules, [...wanted], builtIn).filter((module) => !there.has(module));
  const tree = new FsTree();
  tree.add('modules', directory());
  for (const module of order) tree.add(`modules/${module.name}.ko`, file(module.elf));
  const lines = order.map(({ name, info }) => {
    const needs = info.depends.map(moduleName).filter((needed) => modules.has(needed));
    return `${[`${name}.ko`, ...needs].join(' ')}\n`;
  });
  tree.add('modules/optional', file(lines.join('')));
  return Buffer.concat([initrd, cpioArchive(tree)]);
}
