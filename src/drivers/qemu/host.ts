import { systemClock, type Clock } from '../../platform/clock.ts';
import { systemExec, type Exec } from '../../platform/exec.ts';
import { systemProcesses, type Processes } from '../../platform/process-identity.ts';

/** What the driver needs of this computer: facts and ports, so that tests can be another one. */
export interface QemuHost {
  readonly platform: NodeJS.Platform;
  /** Node's name of the processor: `x64`, `arm64`, … */
  readonly nodeArch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  readonly exec: Exec;
  readonly processes: Processes;
  readonly clock: Clock;
}

export function systemQemuHost(): QemuHost {
  return {
    platform: process.platform,
    nodeArch: process.arch,
    env: process.env,
    uid: process.getuid?.(),
    exec: systemExec,
    processes: systemProcesses,
    clock: systemClock,
  };
}
