import { homedir } from 'node:os';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../core/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { GUEST } from '../../protocol/boot/guest-paths.ts';
import type { RemoteProcess } from '../../ssh/remote-process.ts';
import { followChanges } from './changes/follow-changes.ts';
import { GuestMounts } from './guest-mounts.ts';
import { findShared, ShareRefused } from './roots.ts';
import { ShareService, type ShareOutcome } from './serve-shares.ts';

export interface ShareHostParts {
  readonly machine: string;
  /** `PATH[:ro|:rw]`. */
  readonly mounts: readonly string[];
  /** Wherry's own directory: the machines' keys are in there. */
  readonly closed: string;
  /** Why this machine has nothing of the host's; undefined: it has. */
  readonly refusal?: string | undefined;
  readonly openSocket: (path: string) => Promise<Duplex>;
  readonly exec: (command: string) => Promise<RemoteProcess>;
  readonly sharesSocket?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Gives the machine's engine the directories of this computer that its containers ask for, until the signal. */
export async function shareHost(parts: ShareHostParts): Promise<void> {
  const { clock, log, signal, exec } = parts;
  const service = new ShareService({
    dial: () => parts.openSocket(parts.sharesSocket ?? GUEST.sharesSocket),
    share,
    clock,
    log,
    signal,
  });
  const mounts = new GuestMounts({
    exec,
    closed: parts.closed,
    viewOf: (root, handles) =>
      followChanges({
        root: root.path,
        mountPoint: `${GUEST.sharesDir}/${root.key}`,
        handles,
        repeat: (change) => service.repeat(change),
        log,
        signal,
      }),
    clock,
    log,
    signal,
  });

  async function share(source: string, create: boolean): Promise<ShareOutcome> {
    try {
      if (parts.refusal !== undefined) {
        throw new ShareRefused(`invalid mount config: "${source}" can't be mounted: ${parts.refusal}`);
      }
      const { root, path } = await findShared(source, create, {
        mounts: parts.mounts,
        home: homedir(),
        machine: parts.machine,
        closed: parts.closed,
        windows: process.platform === 'win32',
      });
      const point = await mounts.mount(root);
      return { ok: true, path: path === '/' ? point : point + path, writable: root.writable };
    } catch (error) {
      const code = error instanceof ShareRefused ? 'refused' : 'failed';
      return { ok: false, code, message: messageOf(error) };
    }
  }

  await service.run();
}
