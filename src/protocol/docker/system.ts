/** `GET /version` (Docker Engine API v1.51, SystemVersion). */
export interface VersionInfo {
  readonly Platform: { readonly Name: string };
  readonly Components: {
    readonly Name: string;
    readonly Version: string;
    readonly Details?: Record<string, string> | undefined;
  }[];
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly BuildTime: string;
}

interface Registry {
  readonly Name: string;
  readonly Mirrors: string[];
  readonly Secure: boolean;
  readonly Official: boolean;
}

/** `GET /info` (SystemInfo): what this engine fills; a client reads what it knows. */
export interface SystemInfo {
  readonly ID: string;
  readonly Name: string;
  readonly ServerVersion: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly Driver: string;
  readonly DriverStatus: [string, string][];
  readonly Plugins: {
    readonly Volume: string[];
    readonly Network: string[];
    readonly Authorization: string[] | null;
    readonly Log: string[];
  };
  readonly MemoryLimit: boolean;
  readonly SwapLimit: boolean;
  readonly CpuCfsPeriod: boolean;
  readonly CpuCfsQuota: boolean;
  readonly CPUShares: boolean;
  readonly CPUSet: boolean;
  readonly PidsLimit: boolean;
  readonly OomKillDisable: boolean;
  readonly IPv4Forwarding: boolean;
  readonly Debug: boolean;
  readonly NFd: number;
  readonly NGoroutines: number;
  readonly SystemTime: string;
  readonly LoggingDriver: string;
  readonly CgroupDriver: string;
  readonly CgroupVersion: string;
  readonly NEventsListener: number;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSVersion: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly IndexServerAddress: string;
  readonly RegistryConfig: {
    readonly IndexConfigs: Record<string, Registry>;
    readonly InsecureRegistryCIDRs: string[];
    readonly Mirrors: string[];
  };
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly GenericResources: null;
  readonly DockerRootDir: string;
  readonly HttpProxy: string;
  readonly HttpsProxy: string;
  readonly NoProxy: string;
  readonly Labels: string[];
  readonly ExperimentalBuild: boolean;
  readonly Runtimes: Record<string, { readonly path: string }>;
  readonly DefaultRuntime: string;
  readonly Swarm: { readonly LocalNodeState: string; readonly ControlAvailable: boolean };
  readonly LiveRestoreEnabled: boolean;
  readonly Isolation: string;
  readonly InitBinary: string;
  readonly ContainerdCommit: { readonly ID: string };
  readonly RuncCommit: { readonly ID: string };
  readonly InitCommit: { readonly ID: string };
  readonly SecurityOptions: string[];
  readonly Warnings: string[];
}
