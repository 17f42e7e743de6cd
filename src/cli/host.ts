import type { Driver } from '../drivers/driver.ts';
import type { UsedBy } from '../image-builder/store/image-store.ts';
import type { MachineContext, Reporter } from '../machine/context.ts';
import type { EngineClient } from './engine-client/client.ts';
import type { Composer } from './images/composer.ts';
import type { MachineFacts } from './render/info.ts';

/** Everything of the host that commands may use; made once a process by composition.ts. */
export interface Host {
  /** VM images; loaded when asked for. */
  composer(): Promise<Composer>;
  /** What the machine services are called with. */
  readonly machines: MachineContext;
  readonly reporter: Reporter;
  /** From now on only notes are told: no progress. */
  hush(): void;
  readonly signal: AbortSignal;
  /** The words that start Wherry: node and its entry. */
  readonly program: readonly string[];
  /** The home's directories beside the machines; a cache that WHERRY_CACHE names is shared, and not the home's. */
  readonly places: {
    readonly images: string;
    readonly cache: string;
    readonly isCacheShared: boolean;
    readonly bootstrap: string;
  };
  /** The machines that use a VM image. */
  readonly imageUsers: UsedBy;
  /** A driver, for looking at this computer; the default one where none is named. */
  driver(name?: string): Promise<Driver>;
  /** The machine that a command means. */
  machineName(flag: string | undefined): string;
  /** A client of that machine's engine; the machine must be running. */
  engine(machine: string | undefined): EngineClient;
  /** Creates the machine where there is none, and starts a stopped one, with progress on stderr. */
  ensureRunning(machine: string | undefined, consent: { readonly yes: boolean }): Promise<void>;
  machineFacts(machine: string | undefined): Promise<MachineFacts>;
}
