import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { hostArch, type Arch } from '../core/arch.ts';
import { WherryError } from '../core/errors.ts';
import type { AgentPorts } from '../agent/client/ensure-agent.ts';
import type { DriverCapabilities } from '../drivers/capabilities.ts';
import type { BootImage, Driver } from '../drivers/driver.ts';
import type { DriverModule } from '../drivers/module.ts';
import type { ConnectRemote } from '../drivers/remote.ts';
import { driverFor, loadDriverModule } from '../drivers/registry.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { systemExec } from '../platform/exec.ts';
import { systemPathInputs, type PathInputs } from '../platform/paths.ts';
import { systemProcesses } from '../platform/process-identity.ts';
import { wherryVersion } from '../platform/version.ts';
import { openMachineStore, type MachineStore } from './store/machine-store.ts';

/** What a driver boots from. */
export type ImageForm = Pick<DriverCapabilities, 'uefiDisk'>;

/** VM images, as machines need them; the composition root puts the composer behind it. */
export interface ImageSource {
  /** The image that new machines of this architecture boot from, composed first where there is none. */
  ensure(arch: Arch, signal: AbortSignal, form?: ImageForm): Promise<BootImage>;
  /** The image that can be composed now: what Debian offers today, this Wherry's engine. Takes a network. */
  newest(arch: Arch, signal: AbortSignal, form?: ImageForm): Promise<BootImage>;
  /** The image of an existing machine. Fails, with what to do, where it isn't there any more. */
  get(id: string): Promise<BootImage>;
}

export interface StepOutcome<T> {
  readonly value: T;
  /** What stands behind the title once it is done: `20 GiB data disk, SSH keys`. */
  readonly summary: string;
}

/** Progress. A step draws itself, says lines while it runs, and lets its work's error through. */
export interface Reporter {
  step<T>(title: string, work: (say: (line: string) => void) => Promise<StepOutcome<T>>): Promise<T>;
  /** Something the user should know once. */
  note(text: string): void;
}

export interface HostFacts {
  readonly arch: Arch;
  readonly cores: number;
  readonly memoryMiB: number;
}

/** What every machine service is given. */
export interface MachineContext {
  readonly store: MachineStore;
  readonly paths: PathInputs;
  readonly drivers: {
    /** For `create`. Error: `DRIVER_NOT_FOUND`. */
    module(name: string): Promise<DriverModule>;
    /** For a machine that exists; never fails. */
    driver(name: string): Promise<Driver>;
  };
  readonly images: ImageSource;
  readonly agent: AgentPorts;
  readonly clock: Clock;
  readonly host: HostFacts;
}

/** The real thing, over the machines of `home`. */
export function openMachineContext(home: string, images: ImageSource): MachineContext {
  const paths = systemPathInputs();
  const driverContext = { stateDirectory: join(home, 'drivers'), connectRemote: lazyConnectRemote };
  return {
    store: openMachineStore(home, paths),
    paths,
    drivers: {
      module: loadDriverModule,
      driver: (name) => driverFor(name, driverContext),
    },
    images,
    agent: { exec: systemExec, processes: systemProcesses, version: wherryVersion() },
    clock: systemClock,
    host: {
      arch: hostArch() ?? unknownArch(),
      cores: availableParallelism(),
      memoryMiB: Math.floor(totalmem() / 2 ** 20),
    },
  };
}

/** ssh2 takes longer to load than most commands take. */
const lazyConnectRemote: ConnectRemote = async (target, signal) =>
  (await import('../ssh/remote-host.ts')).connectRemote(target, signal);

function unknownArch(): never {
  throw new WherryError({
    code: 'ARCH_NOT_SUPPORTED',
    message: `Wherry runs on amd64 and arm64 computers; this one is ${process.arch}`,
  });
}
