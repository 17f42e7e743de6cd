import { GUEST } from '../../protocol/boot/guest-paths.ts';
import { EngineError } from '../errors.ts';

/** Where something of the host's is in the VM. */
export interface SharePlace {
  readonly path: string;
  /** Whether the machine may write there. */
  readonly writable: boolean;
}

/** Directories and files of the computer that the machine runs on. */
export interface HostShares {
  /**
   * Makes sure that a path of the host's is mounted in the VM.
   *
   * @param create make a directory there if nothing is
   * @throws EngineError invalidParameter for what isn't shared; unavailable without an agent of the host's
   */
  share(source: string, create: boolean): Promise<SharePlace>;
  /** Where it was last; undefined: it has not been asked for since the engine started. */
  placeOf(source: string): string | undefined;
}

/** Of an engine that has no host. */
export const NO_SHARES: HostShares = {
  share: async (source) => {
    throw new EngineError(
      'invalidParameter',
      `invalid mount config: "${source}" is a path on your computer, and this engine has no way to it`,
    );
  },
  placeOf: () => undefined,
};

/** Whether a path of the VM's is one of the host's. Such mounts can't be id-mapped (FUSE). */
export const isShare = (path: string): boolean => path.startsWith(`${GUEST.sharesDir}/`);
