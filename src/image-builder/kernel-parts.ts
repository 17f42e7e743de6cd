import type { Arch } from '../core/arch.ts';
import type { FetchedPackage } from './debian/archive.ts';
import { moduleName, readKernelModules } from './kernel-modules.ts';
import type { KernelModules } from './kernel-modules.ts';
import type { Recipe } from './recipe/schema.ts';
import { together } from './together.ts';
import { globToRegExp } from './tree/glob.ts';
import { readKernelPackage } from './unpack.ts';
import type { KernelFiles } from './unpack.ts';
import { extractKernel } from './vmlinux/extract.ts';

/** A kernel package, taken apart. */
export interface KernelParts {
  readonly kernel: KernelFiles;
  /** What QEMU boots: see `extractKernel`. */
  readonly bootable: Buffer;
  /** The recipe's modules and what they depend on. */
  readonly modules: KernelModules;
}

/** Reads a kernel package, unpacks its kernel and the modules that the recipe wants. */
export async function kernelParts(
  recipe: Recipe,
  arch: Arch,
  fetched: FetchedPackage,
  signal: AbortSignal,
): Promise<KernelParts> {
  const kernel = await readKernelPackage(fetched, signal);
  const named = new Set(
    [...recipe.modules.initrd, ...Object.values(recipe.modules.lists).flat()].map(moduleName),
  );
  const globs = recipe.modules.available.map(globToRegExp);
  const isWanted = (path: string, name: string): boolean =>
    named.has(name) || globs.some((glob) => glob.test(path.replace(/^kernel\//, '')));
  const [bootable, modules] = await together(
    signal,
    async () => extractKernel(arch, kernel.image),
    async (stop) => readKernelModules(kernel.modules, isWanted, stop),
  );
  return { kernel, bootable, modules };
}
