import { join } from 'node:path';
import { GUEST } from '../../protocol/boot/guest-paths.ts';
import type { EventBus } from '../events.ts';
import type { ImageMaker, ImageResolver, RootfsManager } from '../images/contract.ts';
import type { NetworkManager } from '../networks/contract.ts';
import type { HostShares } from '../shares/contract.ts';
import type { VolumeManager } from '../volumes/contract.ts';
import type { ContainerEntry, ContainerRegistry } from './registry.ts';
import type { ExecRegistry } from './exec/exec-registry.ts';
import type { ExitWatcher } from './process/exit-watcher.ts';
import type { HealthChecks } from './health/checks.ts';
import type { Restarts } from './lifecycle/restarts.ts';
import type { ContainerStore } from './store.ts';
import type { OwnUsers } from './userns/own-users.ts';
import type { IdRanges } from './userns/ranges.ts';

export interface ContainersConfig {
  /** Executables of the VM. */
  readonly conmon: string;
  readonly crun: string;
  /** pid 1 of containers that want one. */
  readonly init: string;
  /** The mount point of cgroup v2. */
  readonly cgroupRoot: string;
  /** The cgroup, below the root, that holds a cgroup for each container. */
  readonly cgroupParent: string;
  readonly arch: 'amd64' | 'arm64';
  /** Where the engine's own API is in this VM; a container may have it bound. */
  readonly engineSocket: string;
  /** Other names of it that a client may know: the machine's socket on the host. */
  readonly engineSocketAliases: readonly string[];
  /** How long a client that reads nothing may hold a container's output up; the hub's own default otherwise. */
  readonly stallLimitMs?: number | undefined;
  /** Whether containers that don't say anything of it have user ids of their own. */
  readonly userns: 'host' | 'auto';
}

export const DEFAULT_CONFIG: ContainersConfig = {
  conmon: '/usr/bin/conmon',
  crun: '/usr/bin/crun',
  init: '/usr/bin/tini-static',
  cgroupRoot: '/sys/fs/cgroup',
  cgroupParent: '/wherry',
  arch: process.arch === 'arm64' ? 'arm64' : 'amd64',
  engineSocket: GUEST.engineSocket,
  engineSocketAliases: [],
  userns: 'host',
};

/** What the operations on containers work with; made once, in `open-containers.ts`. */
export interface ContainersContext {
  readonly config: ContainersConfig;
  readonly layout: Layout;
  readonly images: ImageResolver;
  readonly maker: ImageMaker;
  readonly rootfs: RootfsManager;
  readonly users: OwnUsers;
  readonly idRanges: IdRanges;
  readonly networks: NetworkManager;
  readonly volumes: VolumeManager;
  readonly shares: HostShares;
  readonly events: EventBus;
  readonly store: ContainerStore;
  readonly registry: ContainerRegistry;
  readonly execs: ExecRegistry;
  readonly exits: ExitWatcher;
  readonly restarts: Restarts;
  readonly health: HealthChecks;
  readonly bootId: string;
  /** Told of failures that no request waits for. */
  readonly onBackgroundError: (error: unknown) => void;
}

/**
 * Where things are.
 *
 * - `dataDir/containers/ID/`: container.json, container.log; survives a VM restart. Also hosts, hostname and resolv.conf,
 *   which the container may write to: on the tmpfs it could take the room that conmon's exit files need
 * - `runDir/containers/ID/`: the OCI bundle (config.json), conmon's attach socket and ctl
 * - `runDir/exits/ID`: exit codes, written by conmon
 * - `runDir/crun/`: crun's own state
 * - `runDir/shm/ID/`: the shared memory of a container that lets others have it
 * - `runDir/users/ID/`: the namespaces of a container with user ids of its own, and what is mounted with them
 * - `runDir/execs/ID/`: an exec session's process.json, sockets and exit code
 */
export interface Layout {
  readonly containers: string;
  readonly bundles: string;
  readonly exits: string;
  readonly crunRoot: string;
  readonly execs: string;
  readonly shm: string;
}

export function layoutOf(dataDir: string, runDir: string): Layout {
  return {
    containers: join(dataDir, 'containers'),
    bundles: join(runDir, 'containers'),
    exits: join(runDir, 'exits'),
    crunRoot: join(runDir, 'crun'),
    execs: join(runDir, 'execs'),
    shm: join(runDir, 'shm'),
  };
}

export const bundleOf = (context: ContainersContext, id: string): string => join(context.layout.bundles, id);
/** What is kept of a container on the data disk. */
export const directoryOf = (context: ContainersContext, id: string): string =>
  join(context.layout.containers, id);
export const logFileOf = (context: ContainersContext, id: string): string =>
  join(directoryOf(context, id), 'container.log');

/** Attributes of a container's events: its labels, image and name. */
export function publish(
  context: ContainersContext,
  entry: ContainerEntry,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  const { config, name, id } = entry.record;
  context.events.publish('container', action, id, {
    ...config.Labels,
    ...attributes,
    image: config.Image,
    name,
  });
}
