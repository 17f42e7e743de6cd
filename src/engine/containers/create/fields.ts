import { notImplemented } from '../../errors.ts';

/*
 * Every field of a create request that Docker's API v1.51 has, and what the engine does with it. A field that isn't
 * built answers 501 by its name as soon as it holds anything but its default: never silence.
 */

/**
 * `built`: has its effect. `refused`: answered by name elsewhere. A list: not built; these values, beside the empty
 * ones, mean "the default".
 */
type Rule = 'built' | 'refused' | readonly unknown[];

const onlyDefault: Rule = [];

export const CONFIG_FIELDS: Readonly<Record<string, Rule>> = {
  Hostname: 'built',
  Domainname: 'built',
  User: 'built',
  AttachStdin: 'built',
  AttachStdout: 'built',
  AttachStderr: 'built',
  ExposedPorts: 'built',
  Tty: 'built',
  OpenStdin: 'built',
  StdinOnce: 'built',
  Env: 'built',
  Cmd: 'built',
  Healthcheck: 'built',
  ArgsEscaped: onlyDefault,
  Image: 'built',
  Volumes: 'built',
  WorkingDir: 'built',
  Entrypoint: 'built',
  NetworkDisabled: 'built',
  MacAddress: 'built',
  OnBuild: onlyDefault,
  Labels: 'built',
  StopSignal: 'built',
  StopTimeout: 'built',
  Shell: 'built',
};

export const HOST_CONFIG_FIELDS: Readonly<Record<string, Rule>> = {
  Annotations: onlyDefault,
  AutoRemove: 'built',
  Binds: 'built',
  BlkioDeviceReadBps: 'built',
  BlkioDeviceReadIOps: 'built',
  BlkioDeviceWriteBps: 'built',
  BlkioDeviceWriteIOps: 'built',
  BlkioWeight: 'built',
  BlkioWeightDevice: 'built',
  CapAdd: 'built',
  CapDrop: 'built',
  Capabilities: onlyDefault,
  Cgroup: onlyDefault,
  CgroupParent: onlyDefault,
  CgroupnsMode: 'built',
  ConsoleSize: 'built',
  // The client writes this file; the engine only keeps the name, as Docker's does.
  ContainerIDFile: 'built',
  CpuCount: onlyDefault,
  CpuPercent: onlyDefault,
  CpuPeriod: 'built',
  CpuQuota: 'built',
  CpuRealtimePeriod: 'refused',
  CpuRealtimeRuntime: 'refused',
  CpuShares: 'built',
  CpusetCpus: 'built',
  CpusetMems: 'built',
  DeviceCgroupRules: 'built',
  // No device has a driver here: refused in docker's words.
  DeviceRequests: 'refused',
  Devices: 'built',
  Dns: 'built',
  DnsOptions: 'built',
  DnsSearch: 'built',
  ExtraHosts: 'built',
  GroupAdd: 'built',
  IOMaximumBandwidth: onlyDefault,
  IOMaximumIOps: onlyDefault,
  Init: 'built',
  IpcMode: 'built',
  Isolation: ['default'],
  KernelMemory: onlyDefault,
  KernelMemoryTCP: onlyDefault,
  Links: 'built',
  LogConfig: 'built',
  MaskedPaths: 'built',
  Memory: 'built',
  MemoryReservation: 'built',
  MemorySwap: 'built',
  // Left out with Docker's warning, as OomKillDisable: cgroup v2 hasn't got them.
  MemorySwappiness: 'built',
  Mounts: 'built',
  NanoCpus: 'built',
  NetworkMode: 'built',
  OomKillDisable: 'built',
  OomScoreAdj: 'built',
  PidMode: 'built',
  PidsLimit: 'built',
  PortBindings: 'built',
  Privileged: 'built',
  PublishAllPorts: 'built',
  ReadonlyPaths: 'built',
  ReadonlyRootfs: 'built',
  RestartPolicy: 'built',
  Runtime: ['crun', 'runc'],
  SecurityOpt: 'built',
  ShmSize: 'built',
  StorageOpt: 'built',
  Sysctls: 'built',
  Tmpfs: 'built',
  UTSMode: 'built',
  Ulimits: 'built',
  UsernsMode: 'built',
  VolumeDriver: ['local'],
  VolumesFrom: 'built',
};

/** What `POST /containers/{id}/update` may hold (UpdateConfig): resources, and the restart policy. */
export const UPDATE_FIELDS: Readonly<Record<string, Rule>> = {
  BlkioDeviceReadBps: onlyDefault,
  BlkioDeviceReadIOps: onlyDefault,
  BlkioDeviceWriteBps: onlyDefault,
  BlkioDeviceWriteIOps: onlyDefault,
  BlkioWeight: 'built',
  BlkioWeightDevice: onlyDefault,
  CgroupParent: onlyDefault,
  CpuCount: onlyDefault,
  CpuPercent: onlyDefault,
  CpuPeriod: 'built',
  CpuQuota: 'built',
  CpuRealtimePeriod: 'refused',
  CpuRealtimeRuntime: 'refused',
  CpuShares: 'built',
  CpusetCpus: 'built',
  CpusetMems: 'built',
  DeviceCgroupRules: onlyDefault,
  DeviceRequests: onlyDefault,
  Devices: onlyDefault,
  IOMaximumBandwidth: onlyDefault,
  IOMaximumIOps: onlyDefault,
  Init: onlyDefault,
  KernelMemory: onlyDefault,
  KernelMemoryTCP: onlyDefault,
  Memory: 'built',
  MemoryReservation: 'built',
  MemorySwap: 'built',
  MemorySwappiness: 'built',
  NanoCpus: 'built',
  OomKillDisable: 'built',
  PidsLimit: 'built',
  RestartPolicy: 'built',
  Ulimits: onlyDefault,
};

const ENDPOINT_FIELDS: Readonly<Record<string, Rule>> = {
  IPAMConfig: 'built',
  Links: 'built',
  MacAddress: 'built',
  Aliases: 'built',
  DriverOpts: 'built',
  GwPriority: 'built',
  // What inspect prints, sent back by clients that clone a container: the engine's to say, not theirs.
  NetworkID: 'built',
  EndpointID: 'built',
  Gateway: 'built',
  IPAddress: 'built',
  IPPrefixLen: 'built',
  IPv6Gateway: 'built',
  GlobalIPv6Address: 'built',
  GlobalIPv6PrefixLen: 'built',
  DNSNames: 'built',
};

const IPAM_FIELDS: Readonly<Record<string, Rule>> = { IPv4Address: 'built', IPv6Address: 'built' };

type Body = Readonly<Record<string, unknown>>;

/**
 * Refuses every field of a create request that would otherwise be ignored. Fields that no version of the API has are
 * treated alike: somebody meant something by them.
 *
 * @throws EngineError notImplemented `HostConfig.Devices is not implemented yet`
 */
export function refuseUnbuiltFields(body: Body): void {
  refuse('Config', CONFIG_FIELDS, without(body, 'HostConfig', 'NetworkingConfig'));
  refuse('HostConfig', HOST_CONFIG_FIELDS, objectAt(body, 'HostConfig'));
  const networking = objectAt(body, 'NetworkingConfig');
  refuse('NetworkingConfig', { EndpointsConfig: 'built' }, networking);
  for (const [name, endpoint] of Object.entries(objectAt(networking, 'EndpointsConfig'))) {
    refuseUnbuiltEndpointFields(`NetworkingConfig.EndpointsConfig.${name}`, endpoint);
  }
}

/** The same for an update. @throws EngineError notImplemented */
export function refuseUnbuiltUpdates(body: Body): void {
  refuse('UpdateConfig', UPDATE_FIELDS, body);
}

/** The same for the settings of one endpoint. @param where for the message @throws EngineError notImplemented */
export function refuseUnbuiltEndpointFields(where: string, endpoint: unknown): void {
  if (!isObject(endpoint)) return;
  refuse(where, ENDPOINT_FIELDS, endpoint);
  refuse(`${where}.IPAMConfig`, IPAM_FIELDS, objectAt(endpoint, 'IPAMConfig'));
}

function refuse(where: string, rules: Readonly<Record<string, Rule>>, values: Body): void {
  for (const [field, value] of Object.entries(values)) {
    const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
    if (rule === 'built' || rule === 'refused' || isEmpty(value)) continue;
    if (rule?.some((accepted) => sameValue(accepted, value)) === true) continue;
    throw notImplemented(`${where}.${field} is not implemented yet`);
  }
}

/** null, false, 0, '', [], {}. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === false || value === 0 || value === '';
}

/** Empty, or an object of nothing but blank fields: a Go struct at its zero value. */
function isBlank(value: unknown): boolean {
  return isEmpty(value) || (isObject(value) && Object.values(value).every(isBlank));
}

/** Equal but for empty fields: `{Name: 'no'}` is `{Name: 'no', MaximumRetryCount: 0}`. */
function sameValue(a: unknown, b: unknown): boolean {
  if (isBlank(a) && isBlank(b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => sameValue(item, b[at]));
  }
  if (isObject(a) && isObject(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameValue(a[key], b[key]));
  }
  return a === b;
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(body: Body, key: string): Body {
  const value = body[key];
  return isObject(value) ? value : {};
}

function without(body: Body, ...keys: readonly string[]): Body {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !keys.includes(key)));
}
