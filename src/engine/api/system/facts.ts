import { readFileSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import { hostArch } from '../../../core/arch.ts';
import type { EngineConfig } from '../../../protocol/boot/config-disk.ts';
import type { SystemInfo, VersionInfo } from '../../../protocol/docker/system.ts';
import type { EventBus } from '../../events.ts';
import { rangeOf } from '../../images/outside/address-range.ts';
import type { Outside } from '../../images/outside/outside.ts';
import { CommandError, mustRun } from '../../sys/spawn.ts';
import type { Log } from '../../log.ts';
import { API_VERSION, MIN_API_VERSION } from '../version.ts';
import type { SystemBackend, UsageSources } from './backend.ts';

/** Where the counts of `info` come from; the areas provide them. */
export interface Inventory {
  containers(): { readonly running: number; readonly paused: number; readonly stopped: number };
  images(): number;
}

export interface SystemFacts {
  /** Wherry's version. */
  readonly version: string;
  /** The engine's own id, kept with its data. */
  readonly id: string;
  readonly dataDir: string;
  readonly config: EngineConfig;
  readonly outside: Pick<Outside, 'shown'>;
  readonly events: EventBus;
  readonly inventory: Inventory;
  readonly usage: UsageSources;
  readonly log: Log;
}

/** The real {@link SystemBackend}. */
export function createSystemBackend(facts: SystemFacts): SystemBackend {
  // Starting a program takes 20 to 200 ms under emulation, so crun is asked once, when somebody first wants to know.
  let crun: Promise<string> | undefined;
  return {
    events: facts.events,
    usage: facts.usage,
    async version() {
      crun ??= crunVersion(facts.log);
      return describeVersion(facts.version, await crun);
    },
    info: () => Promise.resolve(describeInfo(facts)),
  };
}

async function crunVersion(log: Log): Promise<string> {
  try {
    const { stdout } = await mustRun('crun', ['--version']);
    return /^crun version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    log('warn', 'crun does not tell its version', { error: error.message });
    return 'unknown';
  }
}

function describeVersion(version: string, crun: string): VersionInfo {
  const arch = hostArch() ?? process.arch;
  return {
    Platform: { Name: 'Wherry Engine' },
    Components: [
      {
        Name: 'Engine',
        Version: version,
        Details: {
          ApiVersion: API_VERSION,
          Arch: arch,
          BuildTime: '',
          Experimental: 'false',
          GitCommit: '',
          GoVersion: '',
          KernelVersion: release(),
          MinAPIVersion: MIN_API_VERSION,
          NodeVersion: process.version,
          Os: 'linux',
        },
      },
      { Name: 'crun', Version: crun, Details: { GitCommit: '' } },
    ],
    Version: version,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    // Fields of moby's that say how its Go program was built; clients print them.
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: arch,
    KernelVersion: release(),
    BuildTime: '',
  };
}

function describeInfo(facts: SystemFacts): SystemInfo {
  const { version, id, dataDir, config, outside, events, inventory } = facts;
  const counts = inventory.containers();
  const proxies = outside.shown();
  const now = new Date();
  return {
    ID: id,
    Name: hostname(),
    ServerVersion: version,
    Containers: counts.running + counts.paused + counts.stopped,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: inventory.images(),
    Driver: 'erofs-overlay',
    DriverStatus: [['Layers', 'EROFS files, mounted without loop devices']],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'local'],
    },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    OomKillDisable: false,
    IPv4Forwarding: true,
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: now.toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: '2',
    NEventsListener: events.listeners(),
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSVersion: osRelease()['VERSION_ID'] ?? '',
    OSType: 'linux',
    Architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(config),
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: dataDir,
    HttpProxy: proxies.http,
    HttpsProxy: proxies.https,
    NoProxy: proxies.no,
    Labels: [
      `wherry.machine=${config.machineName}`,
      `wherry.accelerator=${config.accelerator}`,
      ...config.labels,
    ],
    ExperimentalBuild: false,
    Runtimes: { crun: { path: 'crun' } },
    DefaultRuntime: 'crun',
    Swarm: { LocalNodeState: 'inactive', ControlAvailable: false },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'docker-init',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    SecurityOptions: [
      'name=seccomp,profile=builtin',
      ...(config.userns === 'auto' ? ['name=userns'] : []),
      'name=cgroupns',
    ],
    Warnings: [],
  };
}

function registryConfig(config: EngineConfig): SystemInfo['RegistryConfig'] {
  const ranges = config.insecureRegistries.filter((name) => rangeOf(name) !== undefined);
  const insecure = config.insecureRegistries
    .filter((name) => !ranges.includes(name))
    .map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]);
  return {
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors: [...config.registryMirrors], Secure: true, Official: true },
      ...(Object.fromEntries(insecure) as SystemInfo['RegistryConfig']['IndexConfigs']),
    },
    InsecureRegistryCIDRs: [...ranges, '127.0.0.0/8'],
    Mirrors: [...config.registryMirrors],
  };
}

let parsedRelease: Readonly<Record<string, string>> | undefined;

/** os-release(5) of the VM. */
function osRelease(): Readonly<Record<string, string>> {
  parsedRelease ??= Object.fromEntries(
    readFileSync('/etc/os-release', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const found = /^([A-Z_]+)="?([^"]*)"?$/.exec(line);
        return found === null ? [] : [[found[1] ?? '', found[2] ?? '']];
      }),
  );
  return parsedRelease;
}

function operatingSystem(): string {
  return `Wherry (Debian ${osRelease()['VERSION_ID'] ?? ''})`;
}
