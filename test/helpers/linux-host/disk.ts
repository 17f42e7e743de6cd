import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, lchown, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FetchedPackage } from '../../../src/image-builder/debian/archive.ts';
import { cpioArchive } from '../../../src/image-builder/cpio/newc.ts';
import { gather } from '../../../src/image-builder/gather.ts';
import {
  builtInModules,
  loadOrder,
  moduleName,
  readKernelModules,
} from '../../../src/image-builder/kernel-modules.ts';
import type { KernelModules } from '../../../src/image-builder/kernel-modules.ts';
import { loadRecipe } from '../../../src/image-builder/recipe/load.ts';
import { packageTree } from '../../../src/image-builder/system-tree.ts';
import { readContent } from '../../../src/image-builder/tree/content.ts';
import { device, directory, file, symlink as linkTo } from '../../../src/image-builder/tree/nodes.ts';
import { globToRegExp } from '../../../src/image-builder/tree/glob.ts';
import { FsTree } from '../../../src/image-builder/tree/tree.ts';
import { readKernelPackage, type KernelFiles } from '../../../src/image-builder/unpack.ts';
import { debianTools } from '../debian-tools.ts';
import { hostFiles, PACKAGES } from './files.ts';

/** Somebody's Debian 12, as far as a test needs it: systemd, sshd, and Linux 6.1, which wants layers mounted the old way. */
export interface LinuxHostDisk {
  readonly kernel: string;
  readonly initrd: string;
  /** ext4, read as it is: whoever boots it lays a layer over it. */
  readonly disk: string;
}

/** Changes whenever what is made below does. */
const FORMAT = 1;
const DISK_BYTES = 6 * 2 ** 30;
const MODULES = {
  initrd: ['virtio_pci', 'virtio_blk', 'ext4'],
  lists: { host: ['virtio_net', 'overlay', 'erofs', 'loop', 'bridge', 'veth', 'nf_tables'] },
  available: [
    'net/netfilter/**',
    'net/ipv4/netfilter/**',
    'net/ipv6/netfilter/**',
    'net/bridge/**',
    'drivers/net/*.ko*',
    'lib/**',
    'crypto/**',
  ],
};

/**
 * Composes the host from Debian's signed packages by Wherry's own fetcher, without their maintainer scripts: what those
 * would do here is a dozen files. Made once and kept in the cache.
 */
export async function linuxHostDisk(cacheDir: string): Promise<LinuxHostDisk> {
  const loaded = await loadRecipe();
  const recipe = {
    ...loaded.recipe,
    release: 'bookworm' as const,
    kernel: { amd64: 'linux-image-cloud-amd64', arm64: 'linux-image-cloud-arm64' },
    packages: [...PACKAGES],
    exclude: [
      ...loaded.recipe.exclude,
      'dpkg',
      'ucf',
      'sensible-utils',
      'libpam-runtime',
      'dbus',
      'linux-sysctl-defaults',
    ],
    npm: [],
    modules: MODULES,
  };
  recipe.exclude = recipe.exclude.filter((name) => !['kmod', 'passwd', 'init-system-helpers'].includes(name));
  const key = createHash('sha256')
    .update(JSON.stringify([FORMAT, recipe.packages, recipe.exclude, MODULES, [...hostFiles()]]))
    .digest('hex')
    .slice(0, 16);
  const directoryOf = join(cacheDir, 'linux-host', key);
  const made = {
    kernel: join(directoryOf, 'vmlinuz'),
    initrd: join(directoryOf, 'initrd'),
    disk: join(directoryOf, 'disk.img'),
  };
  if (existsSync(directoryOf)) return made;

  console.log(`Composing a Debian 12 host from its packages into ${cacheDir}`);
  const { signal } = new AbortController();
  const ingredients = await gather(recipe, 'amd64', { cacheDir: join(cacheDir, 'downloads') });
  const [parts, { tree }] = await Promise.all([
    readKernel(ingredients.kernel),
    packageTree('amd64', ingredients, () => undefined, signal),
  ]);
  const temporary = `${directoryOf}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  await mkdir(join(temporary, 'root'), { recursive: true });
  try {
    await writeFile(join(temporary, 'vmlinuz'), parts.kernel.image);
    await writeFile(join(temporary, 'initrd'), initrd(tree, parts));
    finish(tree, parts);
    await unpack(tree, join(temporary, 'root'));
    // Its own program: kmod's modprobe goes by binary indexes.
    await promisify(execFile)('chroot', [join(temporary, 'root'), '/usr/sbin/depmod', parts.kernel.version]);
    await makeDisk(join(temporary, 'root'), join(temporary, 'disk.img'));
    await rm(join(temporary, 'root'), { recursive: true });
    await rename(temporary, directoryOf);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(directoryOf)) throw error;
  }
  return made;
}

interface KernelParts {
  readonly kernel: KernelFiles;
  readonly modules: KernelModules;
}

/** The kernel stays as packed, as a boot loader would take it. */
async function readKernel(fetched: FetchedPackage): Promise<KernelParts> {
  const kernel = await readKernelPackage(fetched);
  const named = new Set([...MODULES.initrd, ...MODULES.lists.host].map(moduleName));
  const globs = MODULES.available.map(globToRegExp);
  const modules = await readKernelModules(
    kernel.modules,
    (path, name) => named.has(name) || globs.some((glob) => glob.test(path.replace(/^kernel\//, ''))),
  );
  return { kernel, modules };
}

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do /bin/busybox insmod "/modules/$module"; done < /modules/order
until [ -b /dev/vda ]; do /bin/busybox usleep 10000; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /lib/systemd/systemd
`;

function initrd(system: FsTree, { kernel, modules }: KernelParts): Buffer {
  const tree = new FsTree();
  for (const path of ['bin', 'dev', 'root', 'modules']) tree.add(path, directory());
  tree.add('dev/console', device('char', 5, 1));
  const busybox = system.lookup('usr/bin/busybox');
  if (busybox?.type !== 'file') throw new Error('no busybox among the packages');
  tree.add('bin/busybox', file(busybox.content, { mode: 0o755 }));
  tree.add('init', file(INIT, { mode: 0o755 }));
  const order = loadOrder(modules, MODULES.initrd, builtInModules(kernel.modules));
  for (const module of order) tree.add(`modules/${module.name}.ko`, file(module.elf));
  tree.add('modules/order', file(order.map((module) => `${module.name}.ko\n`).join('')));
  return cpioArchive(tree);
}

/** What maintainer scripts and an installer would have made. */
function finish(tree: FsTree, { kernel, modules }: KernelParts): void {
  const folder = `usr/lib/modules/${kernel.version}`;
  for (const module of modules.values()) tree.add(`${folder}/${module.path}`, file(module.packed));
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    const bytes = kernel.modules.get(name);
    if (bytes !== undefined) tree.add(`${folder}/${name}`, file(bytes));
  }
  for (const glob of [
    'usr/share/doc',
    'usr/share/man',
    'usr/share/locale',
    'usr/share/i18n',
    'usr/lib/udev/hwdb.d',
    'usr/share/bash-completion',
  ])
    tree.remove(glob);
  for (const name of ['dev', 'proc', 'sys', 'run', 'mnt']) tree.add(name, directory());
  for (const name of ['tmp', 'var/tmp']) tree.add(name, directory({ mode: 0o1777 }));
  tree.add('root', directory({ mode: 0o700 }));
  for (const { path, content, mode, link, owner = 0 } of hostFiles()) {
    const owned = { uid: owner, gid: owner };
    if (link !== undefined) tree.add(path, linkTo(link));
    else tree.add(path, file(content ?? '', { mode: mode ?? 0o644, ...owned }));
  }
}

async function unpack(tree: FsTree, root: string): Promise<void> {
  for (const [path, node] of tree.entries()) {
    const target = join(root, path);
    if (node.type === 'directory') await mkdir(target, { recursive: true });
    else if (node.type === 'file') await writeFile(target, readContent(node.content));
    else if (node.type === 'symlink') await symlink(node.target, target);
    else continue;
    await lchown(target, node.uid, node.gid);
    if (node.type !== 'symlink') await chmod(target, node.mode);
  }
}

async function makeDisk(root: string, disk: string): Promise<void> {
  const { binDir } = await debianTools(['e2fsprogs']);
  await writeFile(disk, '');
  await truncate(disk, DISK_BYTES);
  await promisify(execFile)(join(binDir, 'mke2fs'), ['-t', 'ext4', '-q', '-F', '-d', root, disk]);
}
