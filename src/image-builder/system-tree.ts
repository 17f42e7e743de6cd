import type { Arch } from '../core/arch.ts';
import { WherryError } from '../core/errors.ts';
import { BUNDLED_HELLO_WORLD, bundledHelloWorld } from './bundled/hello-world.ts';
import type { Ingredients } from './gather.ts';
import { builtInModules, loadOrder, modprobeIndexes } from './kernel-modules.ts';
import type { KernelModule, KernelModules } from './kernel-modules.ts';
import type { LoadedRecipe } from './recipe/load.ts';
import type { TarEntry } from './tar/entry.ts';
import { together } from './together.ts';
import { readContent } from './tree/content.ts';
import { globToRegExp } from './tree/glob.ts';
import { mergeUsr } from './tree/merged-usr.ts';
import { directory, file, symlink } from './tree/nodes.ts';
import { FsTree } from './tree/tree.ts';
import { apply, readNpmFiles, unpackDebs } from './unpack.ts';
import type { KernelFiles } from './unpack.ts';

/** A tree with the packages' files, and when the newest of those was made (seconds since the epoch). */
export interface PackageTree {
  readonly tree: FsTree;
  readonly buildTime: number;
}

/** Unpacks Debian's packages and npm's, side by side; npm's files go over Debian's. */
export async function packageTree(
  arch: Arch,
  { packages, npm }: Ingredients,
  onPackage: () => void,
  signal: AbortSignal,
): Promise<PackageTree> {
  const tree = new FsTree();
  mergeUsr(tree, arch);
  const readNpm = async (stop: AbortSignal): Promise<TarEntry[]> => {
    const files: TarEntry[] = [];
    for (const fetched of npm) {
      files.push(...(await readNpmFiles(fetched, stop)));
      onPackage();
    }
    return files;
  };
  const [buildTime, files] = await together(
    signal,
    async (stop) => unpackDebs(tree, packages, onPackage, stop),
    readNpm,
  );
  for (const entry of files) apply(tree, entry, entry.path);
  return { tree, buildTime };
}

export interface SystemParts {
  readonly loaded: LoadedRecipe;
  readonly kernel: KernelFiles;
  readonly modules: KernelModules;
  readonly engineBundle: Buffer;
  /** V8's code of the bundle, where the build made it. */
  readonly engineCode?: Buffer | undefined;
}

/**
 * Makes the packages' tree the system disk's, by the recipe's steps in their order. Every file gets one and the same time,
 * that of the newest file in a package, so that the tree depends on the ingredients alone.
 */
export function completeTree({ tree, buildTime }: PackageTree, parts: SystemParts): void {
  const { loaded, kernel } = parts;
  const { recipe } = loaded;
  if (kernel.copyright !== undefined) apply(tree, kernel.copyright, kernel.copyright.path);
  for (const [path, glob] of Object.entries(recipe.concatenate)) tree.add(path, file(joined(tree, glob)));
  for (const glob of recipe.remove) tree.remove(glob);

  for (const [path, bytes] of loaded.root)
    tree.add(path, file(bytes, { mode: recipe.executable.includes(path) ? 0o755 : 0o644 }));
  tree.add(recipe.engine, file(parts.engineBundle));
  if (parts.engineCode !== undefined) tree.add(`${recipe.engine}.code`, file(parts.engineCode));
  for (const { path, content } of bundledHelloWorld())
    tree.add(`${BUNDLED_HELLO_WORLD.slice(1)}/${path}`, file(content));
  for (const [path, mode] of Object.entries(recipe.directories))
    tree.add(path, directory({ mode: Number.parseInt(mode, 8) }));
  for (const [path, target] of Object.entries(recipe.symlinks)) tree.add(path, symlink(target));
  addApplets(tree, recipe.applets);
  addModules(tree, parts);

  for (const [, node] of tree.entries()) node.mtime = buildTime;
}

function joined(tree: FsTree, glob: string): Buffer {
  const matcher = globToRegExp(glob);
  const contents = [...tree.entries()].flatMap(([path, node]) =>
    node.type === 'file' && matcher.test(path) ? [readContent(node.content)] : [],
  );
  if (contents.length > 0) return Buffer.concat(contents);
  throw new WherryError({
    code: 'RECIPE_INVALID',
    message: `The recipe joins ${glob}, but no package brings such a file.`,
  });
}

function addApplets(tree: FsTree, applets: Readonly<Record<string, readonly string[]>>): void {
  const folders = Object.keys(applets);
  for (const [folder, names] of Object.entries(applets)) {
    for (const name of names) {
      if (folders.some((other) => tree.lookup(`${other}/${name}`) !== undefined)) continue;
      tree.add(`${folder}/${name}`, symlink('/usr/bin/busybox'));
    }
  }
}

/** Modules on init's lists are unpacked (insmod at every boot); the others stay as packed, for modprobe. */
function addModules(tree: FsTree, { loaded, kernel, modules }: SystemParts): void {
  const { lists, initrd } = loaded.recipe.modules;
  const folder = `usr/lib/modules/${kernel.version}`;
  const builtIn = builtInModules(kernel.modules);
  const inInitrd = new Set(loadOrder(modules, initrd, builtIn));
  const listed = new Set<KernelModule>();
  for (const [name, wanted] of Object.entries(lists)) {
    const order = loadOrder(modules, wanted, builtIn).filter(
      (module) => !inInitrd.has(module) && !listed.has(module),
    );
    for (const module of order) listed.add(module);
    tree.add(`${folder}/wherry.${name}`, file(order.map((module) => `${unpackedPath(module)}\n`).join('')));
  }
  const pathOf = (module: KernelModule): string => (listed.has(module) ? unpackedPath(module) : module.path);
  for (const module of modules.values()) {
    if (inInitrd.has(module)) continue;
    tree.add(`${folder}/${pathOf(module)}`, file(listed.has(module) ? module.elf : module.packed));
  }
  for (const [name, text] of modprobeIndexes(modules, pathOf)) tree.add(`${folder}/${name}`, file(text));
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    const bytes = kernel.modules.get(name);
    if (bytes !== undefined) tree.add(`${folder}/${name}`, file(bytes));
  }
}

function unpackedPath(module: KernelModule): string {
  return module.path.replace(/\.ko\.\w+$/, '.ko');
}
