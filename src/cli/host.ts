import type { Driver } from '../drivers/driver.ts';
import type { UsedBy } from '../image-builder/store/image-store.ts';
import type { Composer } from './images/composer.ts';
import type { EngineClient } from './engine-client/client.ts';
import type { MachineFacts } from './render/info.ts';

/** Everything of the host that commands may use; made once a process by composition.ts. */
export interface Host {
  /** The driver of new machines, for looking at this computer. */
  driver(): Promise<Driver>;
  readonly composer: Composer;
  /** The machines that use a VM image. */
  readonly imageUsers: UsedBy;
  /** The machine that a command means. */
  machineName(flag: string | undefined): string;
  /** A client of that machine's engine; the machine must be running. */
  engine(machine: string | undefined): EngineClient;
  /** Creates the machine where there is none, and starts a stopped one, with progress on stderr. */
  ensureRunning(machine: string | undefined, consent: { readonly yes: boolean }): Promise<void>;
  machineFacts(machine: string | undefined): Promise<MachineFacts>;
}
