/** What is mounted into a container besides its root and the system's own; stored with it. */
export type MountRecord = VolumeMountRecord | BindMountRecord | TmpfsMountRecord;

interface Common {
  /** Absolute and clean. */
  readonly destination: string;
  readonly writable: boolean;
}

export interface VolumeMountRecord extends Common {
  readonly type: 'volume';
  readonly name: string;
  /** Nobody named it: it goes with the container if that is removed with its volumes. */
  readonly anonymous: boolean;
  /** Docker's mode string, as inspect prints it. */
  readonly mode: string;
}

/** The engine's own socket, the one file of the VM that can be bound; or a file or directory of the user's computer. */
export interface BindMountRecord extends Common {
  readonly type: 'bind';
  /** As it was asked for. */
  readonly source: string;
  /** It is the computer's. Absent: it means the engine's socket. */
  readonly shared?: true;
  readonly mode: string;
  /** Absent: rprivate. */
  readonly propagation?: string;
}

export interface TmpfsMountRecord extends Common {
  readonly type: 'tmpfs';
  readonly options: readonly string[];
}

/** A mount as asked for, before its volume is there. */
export type MountRequest = MountRecord | VolumeRequest;

/** A volume to find or to make. */
export interface VolumeRequest extends Common {
  readonly type: 'wanted volume';
  /** '' for an anonymous one. */
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly mode: string;
  /** Fill it from the image if it is empty. */
  readonly copy: boolean;
}
