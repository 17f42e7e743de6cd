/** What a driver can do beyond the lifecycle. Callers branch on these, never on a driver's name. */
export interface DriverCapabilities {
  /** Starts and ends its VMs. Without it a machine only refers to what somebody else runs, or can't be got at at all. */
  readonly lifecycle: boolean;
  /**
   * Powers the computer on and off. Without it (but with `lifecycle`) the computer is somebody's: `start` sets the
   * engine up there, which `stop` and `kill` refuse to undo; that is `remove`'s. Undefined is true.
   */
  readonly power?: boolean;
  /** Boots from an image that Wherry composed (as opposed to somebody else's host). */
  readonly composedImage: boolean;
  /** Boots from that image's UEFI disk rather than from its kernel, initrd and system disk. Undefined is false. */
  readonly uefiDisk?: boolean;
  /** Can run a guest of another architecture by emulation. */
  readonly foreignArch: boolean;
  /** The machine is entered through SSH; without it, `RunningVm.endpoint` says where its engine is. */
  readonly ssh: boolean;
  /** Publishes ports on the host's localhost by itself. */
  readonly hostForward: boolean;
  /** Has a console log. */
  readonly console: boolean;
  /** The data disk is one file, `MachineSpec.dataDisk`, that may be copied and replaced while the VM is off. */
  readonly fileDisk?: boolean | undefined;
}
