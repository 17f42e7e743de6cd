import { availableParallelism } from 'node:os';
import { WherryError } from '../core/errors.ts';
import { collectBytes, decompress } from './debian/decompress.ts';
import type { Compression } from './debian/decompress.ts';
import { readModuleInfo } from './module-info.ts';
import type { ModuleInfo } from './module-info.ts';
import { together } from './together.ts';

/** One module of a kernel package. */
export interface KernelModule {
  /** As the kernel spells it: with underscores. */
  readonly name: string;
  /** Below the modules' folder, as packed: `kernel/fs/erofs/erofs.ko.xz`. */
  readonly path: string;
  readonly packed: Buffer;
  /** The ELF file. */
  readonly elf: Buffer;
  readonly info: ModuleInfo;
}

export type KernelModules = ReadonlyMap<string, KernelModule>;

/** Debian's largest module has about 5 MB. */
const MAX_MODULE_BYTES = 64 << 20;

/**
 * Unpacks the modules that are wanted (xz, as Debian ships them) and whatever those depend on, as many at a time as there
 * are processors: there are hundreds. Keys of `files` are paths below the modules' folder; the result is in their order.
 */
export async function readKernelModules(
  files: ReadonlyMap<string, Buffer>,
  isWanted: (path: string, name: string) => boolean,
  signal?: AbortSignal,
): Promise<KernelModules> {
  const paths = new Map(
    [...files.keys()].filter((path) => PACKED.test(path)).map((path) => [nameOf(path), path]),
  );
  const modules = new Map<string, KernelModule>();
  const queue = [...paths].filter(([name, path]) => isWanted(path, name)).map(([name]) => name);
  const queued = new Set(queue);
  const unpackNext = async (stop: AbortSignal): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      stop.throwIfAborted();
      const path = paths.get(name);
      const packed = path === undefined ? undefined : files.get(path);
      if (path === undefined || packed === undefined) continue;
      const elf = await unpack(path, packed);
      const info = readModuleInfo(elf, path);
      modules.set(name, { name, path, packed, elf, info });
      for (const needed of [...info.depends, ...info.softPre].map(moduleName)) {
        if (!queued.has(needed)) queue.push(needed);
        queued.add(needed);
      }
    }
  };
  await together(signal, ...Array.from({ length: availableParallelism() }, () => unpackNext));
  return new Map(
    [...paths.keys()].flatMap((name) => {
      const module = modules.get(name);
      return module === undefined ? [] : [[name, module] as const];
    }),
  );
}

const PACKED = /([^/]+)\.ko(\.xz|\.gz|\.zst)?$/;

function nameOf(path: string): string {
  return moduleName(PACKED.exec(path)?.[1] ?? path);
}

async function unpack(path: string, packed: Buffer): Promise<Buffer> {
  const compression = (PACKED.exec(path)?.[2] ?? '') as Compression;
  if (compression === '') return packed;
  return collectBytes(decompress(packed, compression), MAX_MODULE_BYTES, path);
}

/** The names in a kernel package's `modules.builtin`. */
export function builtInModules(files: ReadonlyMap<string, Buffer>): Set<string> {
  const text = files.get('modules.builtin')?.toString('latin1') ?? '';
  return new Set(
    text
      .split('\n')
      .filter((path) => PACKED.test(path))
      .map(nameOf),
  );
}

/** Modules are named with underscores inside the kernel, often with dashes as files. */
export function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}

/**
 * The named modules with everything they need, each after what it depends on. A dependency that is no module is built
 * into the kernel; so may be a named one (`builtIn`). @throws MODULE_MISSING for a named one that is neither
 */
export function loadOrder(
  modules: KernelModules,
  names: readonly string[],
  builtIn: ReadonlySet<string>,
): KernelModule[] {
  const ordered = new Set<KernelModule>();
  const visiting = new Set<string>();
  const visit = (name: string, wanted: boolean): void => {
    const module = modules.get(moduleName(name));
    if (module === undefined) {
      if (!wanted || builtIn.has(moduleName(name))) return;
      throw new WherryError({
        code: 'MODULE_MISSING',
        message: `The recipe wants the kernel module ${name}, which the kernel's package doesn't have.`,
      });
    }
    if (ordered.has(module) || visiting.has(module.name)) return;
    visiting.add(module.name);
    for (const needed of [...module.info.softPre, ...module.info.depends]) visit(needed, false);
    visiting.delete(module.name);
    ordered.add(module);
  };
  for (const name of names) visit(name, true);
  return [...ordered];
}

/**
 * The files that modprobe goes by (depmod(8) would write them): `modules.dep` lists, per module, what it needs,
 * nearest first, and `modules.alias` and `modules.softdep` say what the modules say.
 */
export function modprobeIndexes(
  modules: KernelModules,
  pathOf: (module: KernelModule) => string,
): Map<string, string> {
  const sorted = [...modules.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const hard = (module: KernelModule): KernelModule[] => {
    const found = new Set<KernelModule>();
    const visit = (current: KernelModule): void => {
      for (const name of current.info.depends) {
        const needed = modules.get(moduleName(name));
        if (needed === undefined || found.has(needed)) continue;
        visit(needed);
        found.add(needed);
      }
    };
    visit(module);
    return [...found].toReversed();
  };
  const lines = (of: (module: KernelModule) => readonly string[]): string =>
    sorted
      .flatMap(of)
      .map((line) => `${line}\n`)
      .join('');
  return new Map([
    [
      'modules.dep',
      lines((module) => [
        `${pathOf(module)}:${hard(module)
          .map((needed) => ` ${pathOf(needed)}`)
          .join('')}`,
      ]),
    ],
    ['modules.alias', lines((module) => module.info.aliases.map((alias) => `alias ${alias} ${module.name}`))],
    [
      'modules.softdep',
      lines(({ name, info }) => {
        const parts = [
          info.softPre.length > 0 ? ` pre: ${info.softPre.join(' ')}` : '',
          info.softPost.length > 0 ? ` post: ${info.softPost.join(' ')}` : '',
        ].join('');
        return parts === '' ? [] : [`softdep ${name}${parts}`];
      }),
    ],
    ['modules.symbols', ''],
  ]);
}
