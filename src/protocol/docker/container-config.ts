import * as z from 'zod';

/*
 * Bodies of `POST /containers/create` (Docker Engine API v1.51, ContainerConfig, HostConfig, NetworkingConfig): the
 * fields that the engine acts on. Clients send null for what they leave alone; parsing gives every field its default.
 */

/** null and absent mean the default. */
function optional<T extends z.ZodType>(schema: T, fallback: z.output<T>) {
  return schema.nullish().transform((value): z.output<T> => value ?? fallback);
}

/** Absent counts as null. */
function orNull<T>(value: T | null | undefined): T | null {
  return value ?? null;
}

const text = optional(z.string(), '');
const flag = optional(z.boolean(), false);
const count = optional(z.int(), 0);
const texts = optional(z.array(z.string()), []);
const textMap = optional(z.record(z.string(), z.string()), {});
const objectMap = optional(z.record(z.string(), z.looseObject({})), {});
/** A list, or one string that stands for a list of one. */
const words = z
  .union([z.string().transform((word) => [word]), z.array(z.string())])
  .nullish()
  .transform((value) => value ?? null);

/** Times in nanoseconds; zeros and an empty test: the image's, or the defaults. */
const healthcheck = z.object({
  Test: texts,
  Interval: count,
  Timeout: count,
  StartPeriod: count,
  StartInterval: count,
  Retries: count,
});
export type Healthcheck = z.output<typeof healthcheck>;

export const containerConfig = z.object({
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: objectMap,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: words,
  Healthcheck: healthcheck.nullish().transform(orNull),
  /** Paths that get a volume of their own. */
  Volumes: objectMap,
  Image: text,
  WorkingDir: text,
  Entrypoint: words,
  MacAddress: text,
  NetworkDisabled: flag,
  Labels: textMap,
  StopSignal: text,
  /** What runs the command of a health check that is one string. */
  Shell: texts,
  StopTimeout: z
    .int()
    .nullish()
    .transform((value) => value ?? null),
});
export type ContainerConfig = z.output<typeof containerConfig>;

/** An empty list: whatever `PublishAllPorts` says. */
const portBindings = optional(
  z.record(z.string(), optional(z.array(z.object({ HostIp: text, HostPort: text })), [])),
  {},
);

export const restartPolicy = optional(z.object({ Name: text, MaximumRetryCount: count }), {
  Name: '',
  MaximumRetryCount: 0,
});
export type RestartPolicy = z.output<typeof restartPolicy>;

const deviceMapping = z.object({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text });
const deviceRequest = z.looseObject({
  Driver: text,
  Capabilities: optional(z.array(z.array(z.string())), []),
});
const deviceRates = optional(z.array(z.object({ Path: text, Rate: count })), []);

const ulimit = z.object({ Name: z.string(), Soft: z.int(), Hard: z.int() });

/** An entry of HostConfig.Mounts; loose, so that what isn't known can be refused by its name. */
const mountSpec = z.looseObject({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  BindOptions: z.looseObject({ Propagation: text }).nullish().transform(orNull),
  VolumeOptions: z
    .looseObject({
      NoCopy: flag,
      Labels: z.record(z.string(), z.string()).nullish().transform(orNull),
      DriverConfig: z.looseObject({ Name: text }).nullish().transform(orNull),
    })
    .nullish()
    .transform(orNull),
  TmpfsOptions: z
    .looseObject({ SizeBytes: count, Mode: count, Options: optional(z.array(z.array(z.string())), []) })
    .nullish()
    .transform(orNull),
});
export type MountSpec = z.output<typeof mountSpec>;

const logConfig = z
  .object({ Type: text, Config: textMap })
  .nullish()
  .transform((value) => ({ Type: value?.Type || 'json-file', Config: value?.Config ?? {} }));

export const hostConfig = z.object({
  Binds: texts,
  Mounts: optional(z.array(mountSpec), []),
  VolumesFrom: texts,
  NetworkMode: text,
  AutoRemove: flag,
  ContainerIDFile: text,
  ConsoleSize: optional(z.tuple([z.int(), z.int()]), [0, 0]),
  CapAdd: texts,
  CapDrop: texts,
  CgroupnsMode: text,
  DeviceCgroupRules: texts,
  DeviceRequests: optional(z.array(deviceRequest), []),
  Devices: optional(z.array(deviceMapping), []),
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  /** null: the engine's default, which is none. */
  Init: z.boolean().nullish().transform(orNull),
  IpcMode: text,
  Links: texts,
  LogConfig: logConfig,
  OomScoreAdj: count,
  PortBindings: portBindings,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  RestartPolicy: restartPolicy,
  SecurityOpt: texts,
  Tmpfs: textMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: count,
  StorageOpt: textMap,
  Sysctls: textMap,
  BlkioWeight: count,
  BlkioWeightDevice: optional(z.array(z.object({ Path: text, Weight: count })), []),
  BlkioDeviceReadBps: deviceRates,
  BlkioDeviceReadIOps: deviceRates,
  BlkioDeviceWriteBps: deviceRates,
  BlkioDeviceWriteIOps: deviceRates,
  CpuRealtimePeriod: count,
  CpuRealtimeRuntime: count,
  CpuShares: count,
  Memory: count,
  NanoCpus: count,
  CpuPeriod: count,
  CpuQuota: count,
  CpusetCpus: text,
  CpusetMems: text,
  MemoryReservation: count,
  MemorySwap: count,
  MemorySwappiness: z.int().nullish().transform(orNull),
  OomKillDisable: z.boolean().nullish().transform(orNull),
  PidsLimit: count,
  Ulimits: optional(z.array(ulimit), []),
  /** null: Docker's own list. */
  MaskedPaths: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? null),
  ReadonlyPaths: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? null),
});
export type HostConfig = z.output<typeof hostConfig>;

const NO_ADDRESSES = { IPv4Address: '', IPv6Address: '' };

/** EndpointSettings, as much of it as a client may ask for. */
export const endpointConfig = z
  .object({
    Aliases: texts,
    MacAddress: text,
    IPAMConfig: optional(z.looseObject({ IPv4Address: text, IPv6Address: text }), NO_ADDRESSES),
    /** `CONTAINER:ALIAS` */
    Links: texts,
    GwPriority: count,
    /** Absent in what older engines wrote. */
    DriverOpts: z
      .record(z.string(), z.string())
      .nullish()
      .transform((value) => value ?? undefined),
    /** The engine's to say: the network that it was when the container last ran. */
    NetworkID: text,
  })
  .nullish()
  .transform(
    (value) =>
      value ?? {
        Aliases: [],
        MacAddress: '',
        IPAMConfig: NO_ADDRESSES,
        Links: [],
        GwPriority: 0,
        DriverOpts: undefined,
        NetworkID: '',
      },
  );
export type EndpointConfig = z.output<typeof endpointConfig>;

export const networkingConfig = z.object({
  EndpointsConfig: optional(z.record(z.string(), endpointConfig), {}),
});
export type NetworkingConfig = z.output<typeof networkingConfig>;
