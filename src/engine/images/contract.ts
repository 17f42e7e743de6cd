import type { MakeRequest } from './make-image.ts';

/** What the rest of the engine may know of images. */

export interface ImageHealthcheck {
  readonly Test?: readonly string[] | null | undefined;
  readonly Interval?: number | undefined;
  readonly Timeout?: number | undefined;
  readonly StartPeriod?: number | undefined;
  readonly StartInterval?: number | undefined;
  readonly Retries?: number | undefined;
}

/** The parts of an OCI image config (image-spec v1.1, config.md) that running a container uses. */
export interface ImageRunConfig {
  readonly User?: string | undefined;
  readonly Env?: readonly string[] | undefined;
  readonly Entrypoint?: readonly string[] | null | undefined;
  readonly Cmd?: readonly string[] | null | undefined;
  readonly WorkingDir?: string | undefined;
  readonly Labels?: Readonly<Record<string, string>> | undefined;
  readonly ExposedPorts?: Readonly<Record<string, object>> | undefined;
  readonly Volumes?: Readonly<Record<string, object>> | undefined;
  readonly StopSignal?: string | undefined;
  /** Docker's: times in nanoseconds. */
  readonly Healthcheck?: ImageHealthcheck | undefined;
  readonly Shell?: readonly string[] | undefined;
}

export interface ResolvedImage {
  /** `sha256:` + the digest of the config. */
  readonly id: string;
  readonly architecture: string;
  readonly os: string;
  readonly config: ImageRunConfig;
  /** EROFS files, bottom layer first. */
  readonly layers: readonly { readonly diffId: string; readonly file: string }[];
}

export interface ImageResolver {
  /**
   * By id, short id, name[:tag] or name@digest.
   * @throws EngineError notFound `No such image: REF`
   */
  resolve(reference: string): ResolvedImage;
  /** Containers hold a reference to their image while they exist, so that removal can say who is in the way. */
  acquire(imageId: string, containerId: string): void;
  release(imageId: string, containerId: string): void;
  /** The sizes of the files in its layers, in bytes; 0 for an image that isn't there. */
  sizeOf(imageId: string): number;
}

/** Makes images of what containers are. */
export interface ImageMaker {
  /** @returns the new image's id @throws EngineError; nothing of the image stays then */
  make(request: MakeRequest, signal: AbortSignal): Promise<string>;
}

export interface Rootfs {
  /** The merged directory that the container's root is. */
  readonly merged: string;
  readonly upper: string;
  /** The image's layers, mounted, the topmost first; at least one. */
  readonly lowers: readonly string[];
}

/** Mounts an image's layers and one container's writable layer. Mounts don't survive a VM restart; `upper` does. */
export interface RootfsManager {
  /**
   * Limits what a new container may ever write to its layer, in bytes; before its first mount.
   * @throws EngineError invalidParameter where the disk can't
   */
  limit(containerId: string, bytes: number): Promise<void>;
  /**
   * @param userns the path of a user namespace whose ids the image's files are to have, as the files in `upper` have them
   *   already; absent: the VM's
   */
  mount(containerId: string, image: ResolvedImage, userns?: string): Promise<Rootfs>;
  /** Idempotent. Layers that no container uses any more are unmounted too. */
  unmount(containerId: string): Promise<void>;
  /** Bytes that a container's writable layer takes on the disk; 0 where there is none. */
  size(containerId: string): Promise<number>;
  /** Unmounts and removes the writable layer. */
  remove(containerId: string): Promise<void>;
}
