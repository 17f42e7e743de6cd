import { renderSpec, composeSpec, withReadonlyRoot, withSeccomp, withSysctls } from '../../oci/compose.ts';
import { withCapabilities } from '../../oci/capabilities.ts';
import {
  DEFAULT_SHM_SIZE,
  withFileBinds,
  withSystemMounts,
  withTmpfs,
  withUserMounts,
} from '../../oci/mounts.ts';
import type { SharedMemory } from '../../oci/mounts.ts';
import { withInit } from '../../oci/init.ts';
import { withHostname, withNamespaces } from '../../oci/namespaces.ts';
import { withDevices } from '../../oci/devices.ts';
import { withProtectedPaths } from '../../oci/paths.ts';
import { buildEnvironment, withProcess } from '../../oci/process.ts';
import { withResources, withRlimits } from '../../oci/resources.ts';
import type { Limits } from '../../oci/resources.ts';
import { withUser } from '../../oci/user.ts';
import type { OciMount } from '../../oci/spec.ts';
import type { ResolvedUser } from '../../oci/user.ts';
import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import type { ContainerRecord } from '../model.ts';
import { deviceGrantOf, privilegesOf } from '../security/privileges.ts';
import { namespacesOf } from '../namespaces/join.ts';
import type { Joined } from '../namespaces/join.ts';

export interface SpecInput {
  readonly record: ContainerRecord;
  readonly rootfs: string;
  readonly user: ResolvedUser;
  readonly netnsPath: string | undefined;
  readonly joined: Joined;
  /** Paths of the user namespace and of a sysfs of a container with ids of its own. */
  readonly users: { readonly userns: string; readonly sysfs: string } | undefined;
  readonly hostname: string;
  readonly domainname: string;
  /** Of linked containers; the container's own replace them. */
  readonly linkedEnv?: readonly string[];
  /** Path in the container → file of the engine. */
  readonly files: Readonly<Record<string, string>>;
  /** Volumes and the like. */
  readonly mounts: readonly OciMount[];
  readonly cgroupsPath: string;
  /** The VM's program for `--init`. */
  readonly init: string;
  readonly arch: 'amd64' | 'arm64';
}

/** config.json of a container, as text. */
export function containerSpec(input: SpecInput): string {
  const { config, hostConfig } = input.record;
  const privileges = privilegesOf(hostConfig, input.arch);
  const env = buildEnvironment({
    env: [...(input.linkedEnv ?? []), ...config.Env],
    hostname: input.hostname,
    tty: config.Tty,
    home: input.user.home,
  });
  const spec = composeSpec(input.rootfs, [
    withReadonlyRoot(hostConfig.ReadonlyRootfs),
    withUser(input.user),
    withProcess({
      args: input.record.argv,
      env,
      cwd: config.WorkingDir,
      tty: config.Tty,
      consoleSize: hostConfig.ConsoleSize,
      noNewPrivileges: privileges.noNewPrivileges,
      oomScoreAdj: hostConfig.OomScoreAdj,
    }),
    withCapabilities(privileges.capabilities),
    withRlimits(hostConfig.Ulimits),
    withSystemMounts({
      shm: shmFor(hostConfig, input.joined.shm),
      sysfs: input.users?.sysfs,
      writableSys: privileges.writableSys,
      writableCgroups: privileges.writableCgroups,
    }),
    withTmpfs(hostConfig.Tmpfs),
    withFileBinds(input.files, hostConfig.ReadonlyRootfs),
    withUserMounts(input.mounts),
    withInit(wantsInit(hostConfig) ? input.init : undefined),
    withNamespaces(namespacesOf(input.record, input.joined, input.netnsPath, input.users?.userns)),
    withHostname(hostConfig.UTSMode === 'host' ? undefined : input.hostname, input.domainname),
    withResources(input.cgroupsPath, limitsOf(hostConfig)),
    withDevices(deviceGrantOf(hostConfig)),
    withSysctls(hostConfig.Sysctls),
    withProtectedPaths(privileges.maskedPaths, privileges.readonlyPaths),
    withSeccomp(privileges.seccomp),
  ]);
  return renderSpec(spec);
}

/** Where another's processes are to be seen, pid 1 is somebody else's business (moby daemon/oci_linux.go). */
const wantsInit = (host: HostConfig): boolean => host.Init === true && ['', 'private'].includes(host.PidMode);

function shmFor(host: HostConfig, shared: string | undefined): SharedMemory {
  if (shared !== undefined) return { source: shared };
  return host.IpcMode === 'none' ? undefined : { size: host.ShmSize || DEFAULT_SHM_SIZE };
}

export function limitsOf(host: HostConfig): Limits {
  return {
    memory: host.Memory,
    memoryReservation: host.MemoryReservation,
    memorySwap: host.MemorySwap,
    nanoCpus: host.NanoCpus,
    cpuPeriod: host.CpuPeriod,
    cpuQuota: host.CpuQuota,
    cpuShares: host.CpuShares,
    cpusetCpus: host.CpusetCpus,
    cpusetMems: host.CpusetMems,
    pidsLimit: host.PidsLimit,
  };
}
