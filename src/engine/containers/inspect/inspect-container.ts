import { join } from 'node:path';
import { DEFAULT_SHM_SIZE } from '../../oci/mounts.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../../oci/paths.ts';
import type { Healthcheck } from '../../../protocol/docker/container-config.ts';
import { directoryOf, logFileOf } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { inspectState } from './describe-state.ts';
import type { ContainerRecord } from '../model.ts';
import { effectiveSwap } from '../limits/settle.ts';
import { givenFields, mountPoints } from '../mounts/describe.ts';
import { inspectLinks, inspectNetwork } from './inspect-network.ts';
import type { ContainerEntry } from '../registry.ts';

/** Fields of HostConfig that aren't built: they hold their defaults, or the container could not have been made. */
const FIXED_HOST_CONFIG = {
  PortBindings: {},
  VolumeDriver: '',
  Cgroup: '',
  PublishAllPorts: false,
  Runtime: 'crun',
  Isolation: '',
  CgroupParent: '',
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

/** `GET /containers/{id}/json` (Docker Engine API v1.51, ContainerInspectResponse). */
export function inspectContainer(context: ContainersContext, entry: ContainerEntry): Record<string, unknown> {
  const { record } = entry;
  const directory = directoryOf(context, record.id);
  const execs = context.execs.activeOf(record.id);
  return {
    Id: record.id,
    Created: record.created,
    Path: record.argv[0] ?? '',
    Args: record.argv.slice(1),
    State: inspectState(record),
    Image: record.imageId,
    ResolvConfPath: join(directory, 'resolv.conf'),
    HostnamePath: join(directory, 'hostname'),
    HostsPath: join(directory, 'hosts'),
    // Docker tells the path of json-file's only.
    LogPath: record.hostConfig.LogConfig.Type === 'json-file' ? logFileOf(context, record.id) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount ?? 0,
    Driver: 'overlayfs',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execs.length === 0 ? null : execs,
    HostConfig: inspectHostConfig(record),
    GraphDriver: { Data: null, Name: 'overlayfs' },
    Mounts: mountPoints(context, record),
    Config: inspectConfig(record),
    NetworkSettings: inspectNetwork(record),
  };
}

function inspectHostConfig(record: ContainerRecord): Record<string, unknown> {
  const { hostConfig } = record;
  return {
    ...FIXED_HOST_CONFIG,
    ...hostConfig,
    Binds: orNull(hostConfig.Binds),
    VolumesFrom: orNull(hostConfig.VolumesFrom),
    Mounts: hostConfig.Mounts.length > 0 ? hostConfig.Mounts.map(givenFields) : undefined,
    CapAdd: orNull(hostConfig.CapAdd),
    CapDrop: orNull(hostConfig.CapDrop),
    ExtraHosts: orNull(hostConfig.ExtraHosts),
    GroupAdd: orNull(hostConfig.GroupAdd),
    Links: inspectLinks(record),
    SecurityOpt: orNull(hostConfig.SecurityOpt),
    DeviceCgroupRules: orNull(hostConfig.DeviceCgroupRules),
    DeviceRequests: null,
    CgroupnsMode: hostConfig.CgroupnsMode || 'private',
    IpcMode: hostConfig.IpcMode || 'private',
    ShmSize: hostConfig.ShmSize || DEFAULT_SHM_SIZE,
    MemorySwap: effectiveSwap(hostConfig),
    PortBindings: sorted(hostConfig.PortBindings),
    LogConfig: { ...hostConfig.LogConfig, Config: sorted(hostConfig.LogConfig.Config ?? {}) },
    StorageOpt: Object.keys(hostConfig.StorageOpt).length > 0 ? hostConfig.StorageOpt : undefined,
    PidsLimit: hostConfig.PidsLimit > 0 ? hostConfig.PidsLimit : null,
    RestartPolicy: { ...hostConfig.RestartPolicy, Name: hostConfig.RestartPolicy.Name || 'no' },
    Init: hostConfig.Init ?? undefined,
    MaskedPaths: hostConfig.MaskedPaths ?? (hostConfig.Privileged ? null : MASKED_PATHS),
    ReadonlyPaths: hostConfig.ReadonlyPaths ?? (hostConfig.Privileged ? null : READONLY_PATHS),
  };
}

const orNull = (list: readonly string[]): readonly string[] | null => (list.length === 0 ? null : list);

function inspectConfig({ id, config }: ContainerRecord): Record<string, unknown> {
  const { StopSignal, StopTimeout, MacAddress, NetworkDisabled, ExposedPorts, Healthcheck, Shell, ...rest } =
    config;
  return {
    ...rest,
    Hostname: config.Hostname || id.slice(0, 12),
    Labels: sorted(config.Labels),
    ...(Object.keys(ExposedPorts).length > 0 ? { ExposedPorts: sorted(ExposedPorts) } : {}),
    Volumes: Object.keys(config.Volumes).length > 0 ? sorted(config.Volumes) : null,
    OnBuild: null,
    ...(MacAddress === '' ? {} : { MacAddress }),
    ...(Healthcheck == null ? {} : { Healthcheck: givenHealthcheck(Healthcheck) }),
    ...(NetworkDisabled ? { NetworkDisabled } : {}),
    ...(StopSignal === '' ? {} : { StopSignal }),
    ...(StopTimeout === null ? {} : { StopTimeout }),
    ...((Shell ?? []).length > 0 ? { Shell } : {}),
  };
}

/** Go writes maps in the order of their keys: templates that print one rely on it. */
function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Docker leaves zeros out. */
function givenHealthcheck(healthcheck: Healthcheck): Record<string, unknown> {
  const { Test, ...rest } = healthcheck;
  const given = Object.entries(rest).filter(([, value]) => value !== 0);
  return { ...(Test.length > 0 ? { Test } : {}), ...Object.fromEntries(given) };
}
