import { launchdPlan } from './launchd.ts';
import { systemdPlan } from './systemd.ts';
import { taskPlan } from './task-scheduler.ts';

/** What the operating system is to do when its user logs in. Nothing in it is looked up: plans render anywhere. */
export interface AutostartRequest {
  readonly machine: string;
  /** What the entry is called: `wherry-default`; another home's carry its hash. */
  readonly name: string;
  /** The program and its words that start the machine, and those that stop it. */
  readonly start: readonly string[];
  readonly stop: readonly string[];
  /** What the program needs of today's environment: where QEMU is, proxies. */
  readonly environment: Readonly<Record<string, string>>;
  readonly homeDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The machine's directory. */
  readonly directory: string;
  /** The account: its id on POSIX, its name (`DOMAIN\\name`) on Windows. */
  readonly uid: number | undefined;
  readonly user: string;
}

/** How one operating system is told. */
export interface AutostartPlan {
  readonly file: string;
  /** Where this is, a link or a file, autostart is enabled: what the operating system itself goes by, or the definition. */
  readonly mark: string;
  readonly content: string | Uint8Array;
  /** Run, in order, once the file is there; all must succeed. */
  readonly enable: readonly (readonly string[])[];
  /** Run before the file goes. One that fails had nothing to do, or else {@link stillThere} tells. */
  readonly disable: readonly (readonly string[])[];
  /** Succeeds while the operating system still has the entry; left out where the mark tells. */
  readonly stillThere?: readonly string[];
  /** Run after it has gone. */
  readonly afterwards: readonly (readonly string[])[];
  /** What else there is to know, once it is enabled. */
  readonly note: string | undefined;
}

/** Undefined for an operating system that Wherry knows no way for. */
export function autostartPlan(
  platform: NodeJS.Platform,
  request: AutostartRequest,
): AutostartPlan | undefined {
  switch (platform) {
    case 'linux':
      return systemdPlan(request);
    case 'darwin':
      return launchdPlan(request);
    case 'win32':
      return taskPlan(request);
    default:
      return undefined;
  }
}
