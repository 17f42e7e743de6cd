/** What the rest of the engine may know of volumes. */

/** Docker's mark of a volume that nobody named; `volume prune` goes by it. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

export const LOCAL_DRIVER = 'local';

export interface Volume {
  readonly name: string;
  /** The directory that holds the volume's content. */
  readonly mountpoint: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** null: none were given. */
  readonly labels: Readonly<Record<string, string>> | null;
}

export interface NewVolume {
  /** '' for an anonymous volume. */
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>> | null;
  /** False for one that nobody misses after a power cut: nothing waits for the disk then. Default true. */
  readonly durable?: boolean;
}

/** How a container has a volume, for the event that tells of it. */
export interface VolumeMount {
  readonly name: string;
  readonly destination: string;
  readonly writable: boolean;
}

/** What containers do with volumes. A volume that a container uses can't be removed. */
export interface VolumeManager {
  /**
   * The volume of that name, made if there is none, in use by the container from now on.
   * @throws EngineError invalidParameter for the name, notFound for the driver
   */
  use(wanted: NewVolume, containerId: string): Promise<Volume>;
  /** The container has this volume, says the record of an earlier engine; `mounted` if it runs. */
  restoreUse(name: string, containerId: string, mounted: boolean): void;
  /** Where its content is; '' for one that is gone. */
  mountpointOf(name: string): string;
  /** @throws EngineError notFound */
  isEmpty(name: string): Promise<boolean>;
  /**
   * Fills an empty volume with what the image has at its place: content, owners, modes, links, times, attributes. One
   * that holds anything is left alone. After a crash it is filled or empty, never half.
   *
   * @param root the container's root directory; no link in it leads out
   * @param path where in it
   * @param durable false: don't wait for the disk
   */
  populate(name: string, root: string, path: string, durable: boolean): Promise<void>;
  /** The container is about to run with it. @throws EngineError notFound */
  mount(containerId: string, mount: VolumeMount): Volume;
  /** It no longer runs. Idempotent. */
  unmountAll(containerId: string): void;
  /** It is gone; those of its volumes that `remove` names and nobody else uses go with it. */
  release(containerId: string, remove: readonly string[]): Promise<void>;
}
