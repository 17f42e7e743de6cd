import type { Arch } from '../core/arch.ts';
import type { ReadinessLine } from '../protocol/boot/readiness.ts';
import type { DriverCapabilities } from './capabilities.ts';

/** The files of a composed VM image that a driver boots from. All paths absolute. */
export interface BootImage {
  readonly id: string;
  readonly arch: Arch;
  readonly kernel: string;
  readonly initrd: string;
  readonly systemDisk: string;
  /** The image's own kernel command line; a driver appends what its accelerator and console need. */
  readonly commandLine: string;
  /** The same as one disk that UEFI boots (VHDX), where `capabilities.uefiDisk` asked for it. */
  readonly uefiDisk?: string | undefined;
}

/** What a driver is told about a machine. Everything in it is stored; nothing is derived at run time. */
export interface MachineSpec {
  readonly name: string;
  readonly arch: Arch;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  /** The machine's directory (persistent files) and its run directory (sockets: short paths), both owner-only. */
  readonly directory: string;
  readonly runDirectory: string;
  readonly image: BootImage;
  /** `data.img` and `config.img`. */
  readonly dataDisk: string;
  readonly configDisk: string;
  readonly consoleLog: string;
  /** The key that opens the machine, and the file with the only host key that it may show. */
  readonly ssh?: { readonly clientKey: string; readonly knownHosts: string } | undefined;
  /** The driver's own settings, validated by its `optionsSchema`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** One thing that preflight found. `fix` is the one command that mends it. */
export interface PreflightFinding {
  readonly level: 'ok' | 'note' | 'error';
  readonly subject: string;
  readonly message: string;
  readonly fix?: PreflightFix | undefined;
}

/** A command that mends a finding. */
export interface PreflightFix {
  readonly argv: readonly string[];
  readonly needsRoot: boolean;
  /** Run first and without being shown as *the* command, e.g. `apt-get update` where the package lists are missing. */
  readonly before?: readonly (readonly string[])[] | undefined;
}

/** An engine that is reached without SSH: a unix socket or a TCP address of this computer's network. */
export type EngineEndpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Where a running VM can be reached, and the facts that identify its process after this process has gone. */
export interface RunningVm {
  readonly sshHost: string;
  readonly sshPort: number;
  /** The account that SSH logs in to; root where it isn't said. */
  readonly sshUser?: string | undefined;
  /** For `info` and `inspect`: `kvm`, `hvf`, `whpx`, `tcg`, … */
  readonly accelerator: string;
  /** Set where `capabilities.ssh` is false; sshHost is then empty and sshPort 0. */
  readonly endpoint?: EngineEndpoint | undefined;
  readonly process?: { readonly pid: number; readonly startedAt: string } | undefined;
}

export type VmStatus =
  /** Powered on by process `by`, which still waits for its `engine` line. Its SSH may be up already. */
  | { readonly status: 'starting'; readonly vm: RunningVm; readonly by: number }
  | { readonly status: 'running'; readonly vm: RunningVm }
  | { readonly status: 'paused'; readonly vm: RunningVm }
  /** `saved`: the next start goes on where the VM was. */
  | { readonly status: 'stopped'; readonly saved?: true }
  | { readonly status: 'error'; readonly reason: string };

export interface StartOptions {
  readonly signal: AbortSignal;
  /** Called with each readiness line as it arrives. */
  readonly onLine: (line: ReadinessLine) => void;
  /**
   * Called with each line that tells the user something (`hvf is not usable here …`): at a machine's first start, and
   * when it is news. What preflight has said isn't said again.
   */
  readonly onNote: (note: string) => void;
  /**
   * Called once, when the driver knows what the VM will run on; it waits for this before it powers the VM on. What the
   * guest is told about its computer, on the config disk, is written here.
   */
  readonly beforePowerOn?: ((facts: { readonly accelerator: string }) => Promise<void>) | undefined;
  /** How long the guest may take from power-on to its `engine` line, in milliseconds. */
  readonly timeoutMs: number;
}

export interface StopOptions {
  /** Whatever the driver's options say: the next start boots. A saved VM is powered down, too. */
  readonly powerOff?: boolean | undefined;
}

/** One forward from an address of this computer to a port of the guest's. `hostAddress` is an IPv4 address. */
export interface HostForward {
  readonly proto: 'tcp' | 'udp';
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

/** The forwards of a running VM. */
export interface HostForwards {
  /** All that there are now, the machine's own (SSH) included. */
  list(spec: MachineSpec): Promise<readonly HostForward[]>;
  add(spec: MachineSpec, forward: HostForward): Promise<void>;
  /** One that isn't there is an error. */
  remove(spec: MachineSpec, forward: Omit<HostForward, 'guestPort'>): Promise<void>;
}

/** What a driver that doesn't make the computer has found out about it, before anything is made. */
export interface Prepared {
  readonly findings: readonly PreflightFinding[];
  /** The computer's own, in place of what was asked for. */
  readonly arch: Arch;
  readonly options: Readonly<Record<string, unknown>>;
  /** Given by the user, in place of keys that a VM would be given. */
  readonly access: {
    /** Text of an OpenSSH private key. */
    readonly privateKey: string;
    /** The host key to pin, as the protocol carries it. */
    readonly hostKey: Uint8Array;
  };
}

/**
 * A way to run a machine's VM. Only the lifecycle is mandatory; what a driver can't do stands in its capabilities.
 * Every method is safe to call again after a crash at any point of an earlier call.
 */
export interface Driver {
  readonly name: string;
  readonly capabilities: DriverCapabilities;
  /** Looks at this computer, changes nothing. */
  preflight(arch: Arch): Promise<readonly PreflightFinding[]>;
  /**
   * There where the computer exists before its machine: looks at it, changes nothing. Findings of level `error` end a
   * create. Errors: those of reaching it.
   */
  prepare?(
    wanted: {
      readonly name: string;
      readonly arch: Arch | undefined;
      readonly options: Readonly<Record<string, unknown>>;
    },
    signal: AbortSignal,
  ): Promise<Prepared>;
  /** Makes the driver's own files of a new machine (the data disk among them). */
  create(spec: MachineSpec): Promise<void>;
  /**
   * Powers the VM on, with a data disk of at least the spec's size, and resolves when its `engine` line has arrived. On
   * failure nothing is left running and the error says which step failed and quotes the console's last lines. A VM that
   * stands still since it couldn't write to its disk goes on, without a line.
   */
  start(spec: MachineSpec, options: StartOptions): Promise<RunningVm>;
  /**
   * Orderly power-down, or saving the VM where the driver's options say so; resolves when the VM is gone. After
   * `timeoutMs`, or where that fails, it is ended as by {@link kill}.
   */
  stop(spec: MachineSpec, timeoutMs: number, options?: StopOptions): Promise<void>;
  /** Ends the VM at once; what was saved of it is lost, too. */
  kill(spec: MachineSpec): Promise<void>;
  /** Removes what {@link create} made. */
  remove(spec: MachineSpec): Promise<void>;
  /** Derived from facts (process and identity, QMP), never from what was stored. */
  status(spec: MachineSpec): Promise<VmStatus>;
  /** There where `capabilities.hostForward` is true. */
  readonly hostForwards?: HostForwards | undefined;
}
