import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Route } from '../api/route.ts';
import { containerRoutes } from '../api/containers/routes.ts';
import { execRoutes } from '../api/exec/routes.ts';
import { membershipRoutes } from '../api/networks/membership.ts';
import type { EventBus } from '../events.ts';
import type { ImageMaker, ImageResolver, RootfsManager } from '../images/contract.ts';
import type { NetworkManager } from '../networks/contract.ts';
import { NO_SHARES, type HostShares } from '../shares/contract.ts';
import type { VolumeManager } from '../volumes/contract.ts';
import { DEFAULT_CONFIG, layoutOf } from './context.ts';
import type { ContainersConfig, ContainersContext } from './context.ts';
import { ExecRegistry } from './exec/exec-registry.ts';
import { ExitWatcher } from './process/exit-watcher.ts';
import { HealthChecks } from './health/checks.ts';
import { runProbe } from './health/probe.ts';
import { recordHealth } from './health/record.ts';
import { listContainers } from './inspect/list-containers.ts';
import { readBootId } from './process/process-identity.ts';
import { ContainerRegistry, isUp } from './registry.ts';
import { Restarts } from './lifecycle/restarts.ts';
import { restoreContainers } from './lifecycle/restore-containers.ts';
import { restartByPolicy } from './lifecycle/start-container.ts';
import { DEFAULT_STOP_SECONDS, stopContainer } from './lifecycle/stop-container.ts';
import { ContainerStore } from './store.ts';
import { OwnUsers } from './userns/own-users.ts';
import { IdRanges } from './userns/ranges.ts';
import { shiftedRoots } from './userns/shifted-roots.ts';

export interface ContainersOptions {
  /** Survives a VM restart. */
  readonly dataDir: string;
  /** A tmpfs: gone with the VM. */
  readonly runDir: string;
  readonly images: ImageResolver;
  readonly maker: ImageMaker;
  readonly rootfs: RootfsManager;
  readonly networks: NetworkManager;
  readonly volumes: VolumeManager;
  readonly shares?: HostShares | undefined;
  readonly events: EventBus;
  readonly config?: Partial<ContainersConfig>;
  /** Told of failures that no request waits for. */
  readonly onBackgroundError: (error: unknown) => void;
}

export interface ContainerCounts {
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
}

/** The engine's containers. */
export interface Containers {
  readonly routes: readonly Route[];
  /** Takes over what an earlier engine left. Once, before the first request. */
  restore(): Promise<void>;
  /** Starts the containers that their restart policies want, once networks and API are there; from now on ends are followed by restarts. */
  startRestored(): Promise<void>;
  /** Stops everything that runs, each with its own signal and within its own time, but no longer than `limitSeconds`. */
  stopAll(limitSeconds: number): Promise<void>;
  /** False for what is no container's id. */
  isRunning(id: string): boolean;
  /** Every container with its sizes, as `GET /containers/json` lists it. */
  usage(): Promise<Record<string, unknown>[]>;
  /** For `GET /info`. */
  /** What containers that run have of the user's computer, as it was asked for. */
  sharesInUse(): string[];
  counts(): ContainerCounts;
  /** Ends the watching; containers run on. */
  close(): void;
}

export function openContainers(options: ContainersOptions): Containers {
  const layout = layoutOf(options.dataDir, options.runDir);
  // Containers with user ids of their own get to what is theirs by path.
  for (const directory of [options.runDir, layout.shm])
    mkdirSync(directory, { recursive: true, mode: 0o711 });
  for (const directory of Object.values(layout)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const users = new OwnUsers(join(options.runDir, 'users'));
  const idRanges = new IdRanges();
  const context: ContainersContext = {
    config: { ...DEFAULT_CONFIG, ...options.config },
    layout,
    images: options.images,
    maker: options.maker,
    rootfs: shiftedRoots(options.rootfs, users, (id) => idRanges.rangeOf(id)),
    users,
    idRanges,
    networks: options.networks,
    volumes: options.volumes,
    shares: options.shares ?? NO_SHARES,
    events: options.events,
    store: new ContainerStore(layout.containers),
    registry: new ContainerRegistry(),
    execs: new ExecRegistry(),
    exits: new ExitWatcher(layout.exits),
    health: new HealthChecks({
      probe: async (entry, check, signal) => runProbe(context, entry, check, signal),
      changed: (entry) => recordHealth(context, entry),
    }),
    restarts: new Restarts(async (entry) => restartByPolicy(context, entry)),
    bootId: readBootId(),
    onBackgroundError: options.onBackgroundError,
  };
  context.exits.start(options.onBackgroundError);
  return {
    routes: [...containerRoutes(context), ...execRoutes(context), ...membershipRoutes(context)],
    restore: async () => restoreContainers(context),
    stopAll: async (limitSeconds) => stopAll(context, limitSeconds),
    startRestored: async () => context.restarts.open(),
    isRunning: (id) => {
      const state = context.registry.byId(id)?.state;
      return state !== undefined && isUp(state);
    },
    sharesInUse: () =>
      context.registry
        .all()
        .filter(({ state }) => isUp(state))
        .flatMap(({ record }) => record.mounts ?? [])
        .flatMap((mount) => (mount.type === 'bind' && mount.shared === true ? [mount.source] : [])),
    usage: async () => listContainers(context, { all: true, size: true, limit: 0, filters: new Map() }),
    counts: () => counts(context),
    close: () => {
      context.restarts.close();
      context.health.close();
      context.exits.close();
    },
  };
}

async function stopAll(context: ContainersContext, limitSeconds: number): Promise<void> {
  context.restarts.close();
  const outcomes = await Promise.allSettled(
    context.registry.all().map(async (entry) => {
      const own = entry.record.config.StopTimeout ?? DEFAULT_STOP_SECONDS;
      // A negative one is "never": it can't hold up the machine's end either.
      const timeout = own < 0 ? limitSeconds : Math.min(own, limitSeconds);
      await stopContainer(context, entry, { timeout, signal: '', bySystem: true });
    }),
  );
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') context.onBackgroundError(outcome.reason);
  }
}

function counts(context: ContainersContext): ContainerCounts {
  const states = context.registry.all().map(({ state }) => state);
  const running = states.filter((state) => state.status === 'running');
  const paused = running.filter(({ paused: isPaused }) => isPaused).length;
  return { running: running.length - paused, paused, stopped: states.length - running.length };
}
