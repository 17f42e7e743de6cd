import * as z from 'zod';

/** `GET /version` (Docker Engine API v1.51, SystemVersion). */
export const versionInfo = z.object({
  Platform: z.object({ Name: z.string() }),
  Components: z.array(
    z.object({ Name: z.string(), Version: z.string(), Details: z.record(z.string(), z.string()).optional() }),
  ),
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string(),
  GitCommit: z.string(),
  GoVersion: z.string(),
  Os: z.string(),
  Arch: z.string(),
  KernelVersion: z.string(),
  BuildTime: z.string(),
});
export type VersionInfo = z.infer<typeof versionInfo>;

const runtime = z.object({ path: z.string() });

const registry = z.object({
  Name: z.string(),
  Mirrors: z.array(z.string()),
  Secure: z.boolean(),
  Official: z.boolean(),
});

/** `GET /info` (SystemInfo): what this engine fills; a client reads what it knows. */
export const systemInfo = z.object({
  ID: z.string(),
  Name: z.string(),
  ServerVersion: z.string(),
  Containers: z.number(),
  ContainersRunning: z.number(),
  ContainersPaused: z.number(),
  ContainersStopped: z.number(),
  Images: z.number(),
  Driver: z.string(),
  DriverStatus: z.array(z.tuple([z.string(), z.string()])),
  Plugins: z.object({
    Volume: z.array(z.string()),
    Network: z.array(z.string()),
    Authorization: z.array(z.string()).nullable(),
    Log: z.array(z.string()),
  }),
  MemoryLimit: z.boolean(),
  SwapLimit: z.boolean(),
  CpuCfsPeriod: z.boolean(),
  CpuCfsQuota: z.boolean(),
  CPUShares: z.boolean(),
  CPUSet: z.boolean(),
  PidsLimit: z.boolean(),
  OomKillDisable: z.boolean(),
  IPv4Forwarding: z.boolean(),
  Debug: z.boolean(),
  NFd: z.number(),
  NGoroutines: z.number(),
  SystemTime: z.string(),
  LoggingDriver: z.string(),
  CgroupDriver: z.string(),
  CgroupVersion: z.string(),
  NEventsListener: z.number(),
  KernelVersion: z.string(),
  OperatingSystem: z.string(),
  OSVersion: z.string(),
  OSType: z.string(),
  Architecture: z.string(),
  IndexServerAddress: z.string(),
  RegistryConfig: z.object({
    IndexConfigs: z.record(z.string(), registry),
    InsecureRegistryCIDRs: z.array(z.string()),
    Mirrors: z.array(z.string()),
  }),
  NCPU: z.number(),
  MemTotal: z.number(),
  GenericResources: z.null(),
  DockerRootDir: z.string(),
  HttpProxy: z.string(),
  HttpsProxy: z.string(),
  NoProxy: z.string(),
  Labels: z.array(z.string()),
  ExperimentalBuild: z.boolean(),
  Runtimes: z.record(z.string(), runtime),
  DefaultRuntime: z.string(),
  Swarm: z.object({ LocalNodeState: z.string(), ControlAvailable: z.boolean() }),
  LiveRestoreEnabled: z.boolean(),
  Isolation: z.string(),
  InitBinary: z.string(),
  ContainerdCommit: z.object({ ID: z.string() }),
  RuncCommit: z.object({ ID: z.string() }),
  InitCommit: z.object({ ID: z.string() }),
  SecurityOptions: z.array(z.string()),
  Warnings: z.array(z.string()),
});
export type SystemInfo = z.infer<typeof systemInfo>;
