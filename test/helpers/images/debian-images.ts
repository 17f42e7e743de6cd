import { debianSuites } from '../../../src/image-builder/debian/suites.ts';
import { openArchive } from '../../../src/image-builder/debian/archive.ts';
import { readDeb } from '../../../src/image-builder/debian/deb.ts';
import type { TarEntry } from '../../../src/image-builder/tar/entry.ts';
import type { Arch } from '../../../src/core/arch.ts';
import { directory, file, hardlink, inMergedUsr, opaque, skeleton, symlink, whiteout } from './entries.ts';
import type { ImageSource } from './oci-layout.ts';

/** Wanted by maintainer scripts only, which these images don't run. */
const SCRIPTS_ONLY = [
  'debconf',
  'perl-base',
  'dpkg',
  'init-system-helpers',
  'adduser',
  'lsb-base',
  'media-types',
];

async function packageEntries(
  release: 'trixie' | 'bookworm',
  names: readonly string[],
  cacheDir: string,
  arch: Arch,
): Promise<TarEntry[][]> {
  const archive = await openArchive({ suites: await debianSuites(release), arch, cacheDir });
  const packages = await archive.fetch(archive.resolve(names, { exclude: SCRIPTS_ONLY }));
  const perPackage: TarEntry[][] = [];
  for (const { path } of packages) {
    const entries: TarEntry[] = [];
    for await (const entry of readDeb(path)) {
      const isBulk = /^usr\/share\/(doc|man|locale|info)\//.test(entry.path);
      const isMergedLink = /^(bin|sbin|lib|lib64)?$/.test(entry.path);
      if (!isBulk && !isMergedLink) entries.push(inMergedUsr(entry));
    }
    perPackage.push(entries);
  }
  return perPackage;
}

/** Splits packages over two layers, and puts a third on top with whatever makes layers hard. */
function layered(perPackage: readonly TarEntry[][]): ImageSource['layers'] {
  const half = Math.ceil(perPackage.length / 2);
  return [
    { entries: [...skeleton(), ...trickyBelow(), ...perPackage.slice(0, half).flat()], compression: 'gzip' },
    { entries: perPackage.slice(half).flat(), compression: 'zstd' },
    { entries: trickyAbove(), compression: 'gzip' },
  ];
}

function trickyBelow(): TarEntry[] {
  return [
    directory('opt'),
    directory('opt/tricky'),
    file('opt/tricky/removed', 'must not be seen\n'),
    file('opt/tricky/replaced', 'old\n'),
    directory('opt/tricky/emptied'),
    file('opt/tricky/emptied/below', 'must not be seen\n'),
    file('opt/tricky/linked', 'one inode\n'),
    hardlink('opt/linked-elsewhere', 'opt/tricky/linked'),
  ];
}

function trickyAbove(): TarEntry[] {
  return [
    directory('opt'),
    directory('opt/tricky'),
    whiteout('opt/tricky/removed'),
    file('opt/tricky/replaced', 'new\n'),
    directory('opt/tricky/emptied'),
    opaque('opt/tricky/emptied'),
    file('opt/tricky/emptied/above', 'seen\n'),
    file('opt/tricky/attributed', 'x\n', { xattrs: new Map([['user.wherry', Buffer.from('kept')]]) }),
    file(Buffer.from('opt/tricky/caf\xe9', 'latin1').toString('latin1'), 'not UTF-8\n'),
    file('opt/tricky/owned', 'x\n', { uid: 1234, gid: 4321, mode: 0o640 }),
  ];
}

const ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

/** busybox with its applets as symlinks, three layers. */
export async function busyboxImage(
  cacheDir: string,
  applets: readonly string[],
  arch: Arch = 'amd64',
): Promise<ImageSource> {
  const packages = await packageEntries('trixie', ['busybox-static'], cacheDir, arch);
  const links = applets
    .filter((name) => name !== 'busybox')
    .map((name) => symlink(`usr/bin/${name}`, 'busybox'));
  return {
    architecture: arch,
    layers: layered([...packages, links]),
    config: { Env: ENV, Cmd: ['sh'] },
  };
}

/** redis-server and redis-tools of trixie, with busybox for a shell. */
export async function redisImage(cacheDir: string): Promise<ImageSource> {
  const wanted = ['redis-server', 'redis-tools', 'busybox-static'];
  const packages = await packageEntries('trixie', wanted, cacheDir, 'amd64');
  const links = ['sh', 'cat', 'awk', 'grep', 'nc'].map((name) => symlink(`usr/bin/${name}`, 'busybox'));
  return {
    layers: layered([...packages, links, [directory('data', { uid: 999, gid: 999 })]]),
    config: {
      Env: ENV,
      Cmd: ['redis-server', '--protected-mode', 'no', '--save', '', '--daemonize', 'no'],
      WorkingDir: '/data',
      ExposedPorts: { '6379/tcp': {} },
    },
  };
}

/** The release's own Python 3. */
export async function pythonImage(cacheDir: string, release: 'trixie' | 'bookworm'): Promise<ImageSource> {
  const packages = await packageEntries(release, ['python3-minimal', 'libpython3-stdlib'], cacheDir, 'amd64');
  return { layers: layered(packages), config: { Env: ENV, Entrypoint: ['python3'] } };
}

/** What `hello-world` is in the tests' registry: busybox that says a line of its own. */
export async function helloImage(cacheDir: string): Promise<ImageSource> {
  const image = await busyboxImage(cacheDir, ['sh', 'echo']);
  return { ...image, config: { Env: ENV, Cmd: ['echo', 'Hello from the registry!'] } };
}
