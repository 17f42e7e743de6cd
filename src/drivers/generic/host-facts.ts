import type { Arch } from '../../core/arch.ts';
import type { PreflightFinding } from '../driver.ts';

/** What vm-images/generic/preflight.sh has said, by key. */
export type HostFacts = ReadonlyMap<string, string>;

export function parseFacts(text: string): HostFacts {
  return new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
    }),
  );
}

const ARCHES: Readonly<Record<string, Arch>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** By `uname -m`. */
export const archOf = (facts: HostFacts): Arch | undefined => ARCHES[facts.get('machine') ?? ''];

/** The image, once beside its predecessor, and some room for containers. */
const NEEDED_KIB = 1.5 * 2 ** 20;
/** Idmapped EROFS came in 5.19; fsconfig and mount_setattr, which the engine can't do without, in 5.12. */
const OLDEST_KERNEL: readonly [number, number] = [5, 19];
const CONTROLLERS = ['cpu', 'io', 'memory', 'pids'];
const MODULES = ['overlay', 'erofs', 'nf_tables', 'bridge', 'veth'];
const TOOLS = ['mount', 'unshare', 'tar', 'gzip', 'sha256sum', 'systemctl', 'mkfifo', 'timeout'];
/** What overlayfs takes no upper directory on, by stat(1)'s names. */
const UNFIT = new Set(['overlayfs', 'tmpfs', 'nfs', 'fuseblk', 'fuse', 'msdos', 'vfat', 'smb2', 'cifs']);

/** What a host lacks. Its own first; then what it has that is in the way. @param owner the machine that asks */
export function judgeHost(
  facts: HostFacts,
  { user, owner }: { user: string; owner: string },
): PreflightFinding[] {
  const release = facts.get('release') ?? '';
  const errors = [
    ...systemProblems(facts, release),
    ...rightsProblems(facts, user),
    ...kernelProblems(facts, release),
    ...roomProblems(facts),
    ...occupants(facts, owner),
  ];
  if (errors.length > 0) return errors.map((message) => ({ level: 'error', subject: 'Host', message }));
  const memory = `Linux ${release}, ${facts.get('machine') ?? ''}`;
  const loops = byLoops(release) ? ', layers by loop devices' : '';
  return [{ level: 'ok', subject: 'Host', message: `${memory}${loops}` }];
}

function systemProblems(facts: HostFacts, release: string): string[] {
  if (facts.get('system') !== 'Linux')
    return [`the host runs ${facts.get('system') ?? 'something'}, not Linux`];
  const [major = 0, minor = 0] = release.split(/\D+/).map(Number);
  const [oldest, point] = OLDEST_KERNEL;
  return [
    ...(archOf(facts) === undefined
      ? [`the host's processor is ${facts.get('machine') ?? 'unknown'}; Wherry has amd64 and arm64`]
      : []),
    ...(major < oldest || (major === oldest && minor < point)
      ? [`the host's kernel is ${release}; the engine needs Linux ${oldest}.${point} or later`]
      : []),
    ...(facts.get('systemd') === 'yes'
      ? []
      : ["the host's process 1 is not systemd, which the engine is a service of"]),
  ];
}

function rightsProblems(facts: HostFacts, user: string): string[] {
  switch (facts.get('root')) {
    case 'yes':
      return [];
    case 'no-sudo':
      return [`"${user}" is not root on the host, and there is no sudo`];
    default:
      return [`"${user}" may not use sudo without a password on the host (sudo -n true fails)`];
  }
}

function kernelProblems(facts: HostFacts, release: string): string[] {
  const modules = byLoops(release) ? [...MODULES, 'loop'] : MODULES;
  const missing = modules.filter((name) => facts.get(`kernel.${name}`) !== 'yes');
  const tools = TOOLS.filter((name) => facts.get(`tool.${name}`) !== 'yes');
  const controllers = (facts.get('controllers') ?? '').split(' ');
  const without = CONTROLLERS.filter((name) => !controllers.includes(name));
  return [
    ...(missing.length === 0 ? [] : [`the host's kernel has no ${missing.join(', ')}`]),
    ...(tools.length === 0 ? [] : [`the host has no ${tools.join(', ')}`]),
    ...(facts.get('cgroup') === 'cgroup2fs'
      ? without.length === 0
        ? []
        : [`the host's cgroups have no controller ${without.join(', ')}`]
      : [
          'the host has cgroups of version 1 (systemd.unified_cgroup_hierarchy=1 on its kernel command line changes that)',
        ]),
  ];
}

/** Files are mounted without loop devices since 6.12. */
function byLoops(release: string): boolean {
  const [major = 0, minor = 0] = release.split(/\D+/).map(Number);
  return major < 6 || (major === 6 && minor < 12);
}

function roomProblems(facts: HostFacts): string[] {
  const free = Number(facts.get('freeKiB') ?? Number.NaN);
  const filesystem = facts.get('filesystem') ?? '';
  return [
    ...(free < NEEDED_KIB
      ? [`the host has ${Math.floor(free / 1024)} MiB free in /var/lib; ${NEEDED_KIB / 1024} are needed`]
      : []),
    ...(UNFIT.has(filesystem)
      ? [`the host's /var/lib is on ${filesystem}, which overlayfs can't write its layers to`]
      : []),
  ];
}

function occupants(facts: HostFacts, owner: string): string[] {
  const other = facts.get('owner');
  return [
    ...(facts.get('docker') === 'yes'
      ? ['the host has a docker engine, whose bridge docker0 has the addresses that ours would take']
      : []),
    ...(other !== undefined && other !== owner
      ? [
          `the host is a Wherry machine already ("${other}"): remove that one first, with wherry machine rm where it was made`,
        ]
      : []),
  ];
}
