import type {
  ContainerConfig,
  EndpointConfig,
  HostConfig,
  NetworkingConfig,
} from '../../protocol/docker/container-config.ts';
import type { Sandbox } from '../networks/contract.ts';
import type { Health } from './health/state.ts';
import type { IdRange } from '../sys/user-namespace.ts';
import type { MountRecord } from './mounts/model.ts';

/** Who a process is: a pid alone may have been given to another since. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks between boot and the process's start. */
  readonly startTicks: number;
  /** /proc/sys/kernel/random/boot_id: pids and ticks mean nothing across boots. */
  readonly bootId: string;
}

/** Times are RFC 3339 with nanoseconds, UTC. */
export type ContainerState =
  | {
      readonly status: 'created';
      /** Why the last start failed; 127, 126 or 128 with it. */
      readonly failure?: { readonly exitCode: number; readonly error: string };
    }
  | {
      readonly status: 'running';
      readonly process: ProcessIdentity;
      readonly startedAt: string;
      readonly paused: boolean;
      readonly sandbox: Sandbox;
      /** Something of it was killed for want of memory. */
      readonly oomKilled?: boolean;
      /** When it ended before. */
      readonly finishedAt?: string | undefined;
    }
  | {
      /** Ended, and about to be started again by its policy; nothing of it runs. */
      readonly status: 'restarting';
      readonly exitCode: number;
      readonly oomKilled: boolean;
      readonly startedAt: string;
      readonly finishedAt: string;
    }
  | {
      readonly status: 'exited';
      readonly exitCode: number;
      readonly oomKilled: boolean;
      readonly error: string;
      readonly startedAt: string;
      readonly finishedAt: string;
    };

/** What is stored of a container: `containers/ID/container.json`. */
export interface ContainerRecord {
  readonly recordVersion: 1;
  readonly id: string;
  /** Without the slash that Docker's API puts before it. */
  name: string;
  readonly created: string;
  readonly imageId: string;
  /** The user's configuration merged with the image's. */
  readonly config: ContainerConfig;
  /** Replaced, as a whole, by an update. */
  hostConfig: HostConfig;
  /** As it was asked for at its creation. */
  readonly networking: NetworkingConfig;
  /**
   * Name of each network that it is on, or will be once it runs → what it wants there; `network connect` and
   * `disconnect` change it. Absent in what engines before those wrote: `networking`, and the network mode's own.
   */
  networks?: Readonly<Record<string, EndpointConfig>>;
  /** What runs: entrypoint and command. */
  readonly argv: readonly string[];
  /** The ids of the VM that are the container's own (`--userns=auto`); absent: it has the VM's. */
  idRange?: IdRange;
  /** Absent in what engines before volumes wrote. */
  mounts?: readonly MountRecord[];
  state: ContainerState;
  /** True once a user stopped it: what is `unless-stopped` stays so. */
  stoppedByUser: boolean;
  /** Restarts by its policy since somebody started it; absent: none. */
  restartCount?: number;
  /** Absent: it has no health check, or never ran. The log of the checks is only as new as the last change of status. */
  health?: Health;
}

export const NEVER = '0001-01-01T00:00:00Z';

/** Now, as Docker writes times. */
export function timestamp(milliseconds: number = Date.now()): string {
  return new Date(milliseconds).toISOString().replace(/Z$/, '000000Z');
}
