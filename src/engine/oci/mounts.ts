import { invalid } from '../errors.ts';
import type { OciMount, SpecMutator } from './spec.ts';

/** Docker's default for /dev/shm, in bytes. */
export const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

/** No programs and no devices on what the kernel shows. */
const KERNEL = ['nosuid', 'noexec', 'nodev'];

/** A tmpfs of so many bytes, or a directory to bind; undefined leaves the container without /dev/shm (`--ipc none`). */
export type SharedMemory = { readonly size: number } | { readonly source: string } | undefined;

export interface SystemMountOptions {
  readonly shm: SharedMemory;
  /** A sysfs to bind; undefined: a new one. */
  readonly sysfs?: string | undefined;
  /** Privileged containers may write to /sys and to their cgroups. */
  readonly writableSys: boolean;
  readonly writableCgroups: boolean;
}

/** The filesystems that every Linux container finds (runtime-spec config-linux.md#default-filesystems; moby's set). */
export const withSystemMounts =
  (options: SystemMountOptions): SpecMutator =>
  (spec) => {
    spec.mounts.push(
      mountOf('/proc', 'proc', 'proc', KERNEL),
      mountOf('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      mountOf('/dev/pts', 'devpts', 'devpts', [
        'nosuid',
        'noexec',
        'newinstance',
        'ptmxmode=0666',
        'mode=0620',
        'gid=5',
      ]),
      options.sysfs === undefined
        ? mountOf('/sys', 'sysfs', 'sysfs', [...KERNEL, options.writableSys ? 'rw' : 'ro'])
        : mountOf('/sys', 'bind', options.sysfs, ['rbind', 'rprivate', ...KERNEL, 'ro']),
      mountOf('/sys/fs/cgroup', 'cgroup', 'cgroup', [...KERNEL, options.writableCgroups ? 'rw' : 'ro']),
      mountOf('/dev/mqueue', 'mqueue', 'mqueue', KERNEL),
    );
    if (options.shm !== undefined) spec.mounts.push(sharedMemory(options.shm));
  };

function sharedMemory(shm: NonNullable<SharedMemory>): OciMount {
  if ('source' in shm) return mountOf('/dev/shm', 'bind', shm.source, ['rbind', 'rprivate', ...KERNEL]);
  return mountOf('/dev/shm', 'tmpfs', 'shm', [...KERNEL, 'mode=1777', `size=${shm.size}`]);
}

/** Files that the engine writes for the container, e.g. `/etc/hosts`; read-only where the root is, as in moby. */
export const withFileBinds =
  (files: Readonly<Record<string, string>>, readonly: boolean): SpecMutator =>
  (spec) => {
    const options = ['rbind', 'rprivate', ...(readonly ? ['ro'] : [])];
    for (const [destination, source] of Object.entries(files)) {
      spec.mounts.push(mountOf(destination, 'bind', source, options));
    }
  };

/**
 * What the user wants mounted, after everything else: a mount of the same place gives way to it, and one below it comes
 * after it, as in moby.
 */
export const withUserMounts =
  (mounts: readonly OciMount[]): SpecMutator =>
  (spec) => {
    if (mounts.length === 0) return;
    const taken = new Set(mounts.map(({ destination }) => destination));
    const others = spec.mounts.filter(({ destination }) => !taken.has(destination));
    // Stable: mounts of one depth keep their order.
    spec.mounts = [...others, ...mounts].sort((a, b) => depthOf(a.destination) - depthOf(b.destination));
  };

const depthOf = (path: string): number => path.split('/').filter(Boolean).length;

/** Options of a tmpfs that a user may set: tmpfs's own and the mount's (tmpfs(5), mount(8)). */
const TMPFS_OPTION =
  /^(?:rw|ro|exec|noexec|suid|nosuid|dev|nodev|sync|async|atime|noatime|diratime|nodiratime|relatime|norelatime|strictatime|nostrictatime|size=\d+[kmgKMG%]?|mode=[0-7]{1,4}|uid=\d+|gid=\d+|nr_inodes=\d+[kmg]?|nr_blocks=\d+[kmg]?)$/;

/**
 * `--tmpfs DEST[:options]`, with Docker's defaults `noexec,nosuid,nodev`.
 *
 * @throws EngineError invalidParameter for a relative destination or an unknown option
 */
export const withTmpfs =
  (tmpfs: Readonly<Record<string, string>>): SpecMutator =>
  (spec) => {
    for (const [destination, text] of Object.entries(tmpfs)) {
      spec.mounts.push(mountOf(destination, 'tmpfs', 'tmpfs', tmpfsOptions(destination, text)));
    }
  };

export function tmpfsOptions(destination: string, text: string): string[] {
  if (!destination.startsWith('/')) {
    throw invalid(`invalid mount path: '${destination}' mount path must be absolute`);
  }
  if (destination.split('/').includes('..') || /^\/+$/.test(destination)) {
    throw invalid(`invalid tmpfs mount path: '${destination}'`);
  }
  const given = text.split(',').filter(Boolean);
  const unknown = given.find((option) => !TMPFS_OPTION.test(option));
  if (unknown !== undefined) throw invalid(`invalid tmpfs option "${unknown}"`);
  const defaults = ['noexec', 'nosuid', 'nodev'].filter((option) => !given.includes(option.slice(2)));
  return [...defaults, ...given.filter((option) => !defaults.includes(option))];
}

function mountOf(destination: string, type: string, source: string, options: readonly string[]): OciMount {
  return { destination, type, source, options };
}
