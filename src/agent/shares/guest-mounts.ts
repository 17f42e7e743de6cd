import { createInterface } from 'node:readline';
import { messageOf } from '../../core/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { GUEST } from '../../protocol/boot/guest-paths.ts';
import type { RemoteProcess } from '../../ssh/remote-process.ts';
import type { ShareRoot } from './roots.ts';
import { Handles } from './sftp/handles.ts';
import type { GuestView } from './sftp/guest-view.ts';
import { serveSftp } from './sftp/server.ts';

export interface GuestMountsParts {
  readonly exec: (command: string) => Promise<RemoteProcess>;
  /** Makes what keeps the guest in the picture of a root. */
  readonly viewOf: (root: ShareRoot, handles: Handles) => GuestView;
  /** Shared with nobody, wherever it is. */
  readonly closed: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends all. */
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;
/** What the guest's script says once, on stderr, when the directory is mounted. */
const MOUNTED = 'mounted';

/**
 * The roots that are mounted in the guest. Each has a command running there, which SFTP is served to; the mount itself
 * outlives it, and goes on when a connection is there again.
 */
export class GuestMounts {
  readonly #parts: GuestMountsParts;
  readonly #mounts = new Map<string, Promise<void>>();

  constructor(parts: GuestMountsParts) {
    this.#parts = parts;
  }

  /** @returns the mount point, with the root mounted there */
  async mount(root: ShareRoot): Promise<string> {
    let mounted = this.#mounts.get(root.key);
    if (mounted === undefined) {
      mounted = this.#keep(root);
      this.#mounts.set(root.key, mounted);
      mounted.catch(() => this.#mounts.delete(root.key));
    }
    await mounted;
    return `${GUEST.sharesDir}/${root.key}`;
  }

  /** Resolves when it is mounted the first time; stays mounted until the signal. */
  #keep(root: ShareRoot): Promise<void> {
    const first = Promise.withResolvers<void>();
    const { clock, log, signal } = this.#parts;
    const handles = new Handles();
    const view = this.#parts.viewOf(root, handles);
    const stay = async (): Promise<void> => {
      let wait = FIRST_RETRY_MS;
      let wasMounted = false;
      while (!signal.aborted) {
        const end = await this.#serve(root, handles, view, () => {
          wasMounted = true;
          wait = FIRST_RETRY_MS;
          first.resolve();
        }).catch(messageOf);
        if (!wasMounted) throw new Error(`"${root.path}" could not be mounted in the machine: ${end}`);
        if (signal.aborted) return;
        log.info('a share lost its connection', { path: root.path, reason: end });
        await clock.sleep(wait, signal);
        wait = Math.min(wait * 2, LAST_RETRY_MS);
      }
    };
    stay().catch((error: unknown) => {
      this.#mounts.delete(root.key);
      first.reject(error);
    });
    return first.promise;
  }

  /** Serves one connection until it ends. @returns the guest's last words */
  async #serve(root: ShareRoot, handles: Handles, view: GuestView, onMounted: () => void): Promise<string> {
    const { exec, log, closed } = this.#parts;
    const process = await exec(`${GUEST.shareCommand} ${root.key} ${root.writable ? 'rw' : 'ro'}`);
    let lastWords = 'the connection ended';
    const lines = createInterface({ input: process.stderr });
    lines.on('line', (line) => {
      if (line === MOUNTED) {
        log.info('a share is mounted', { path: root.path, writable: root.writable });
        onMounted();
      } else lastWords = line;
    });
    await serveSftp(process.stream, { path: root.path, writable: root.writable, closed, view, handles });
    await process.exited;
    return lastWords;
  }
}
