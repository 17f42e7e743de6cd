import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../core/errors.ts';
import type { Log } from '../../../platform/log.ts';
import type { HostChange } from '../../../protocol/agent/shares.ts';
import type { GuestView } from '../sftp/guest-view.ts';
import type { Handles } from '../sftp/handles.ts';
import { GuestKnowledge, typeOf, type KnownFile } from './guest-knowledge.ts';
import { watchDirectories } from './directory-watches.ts';

export interface FollowParts {
  /** The share's directory on the host. */
  readonly root: string;
  /** In the guest. */
  readonly mountPoint: string;
  readonly handles: Handles;
  /** Lets the guest repeat a change; resolves when it has. */
  readonly repeat: (change: HostChange) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The two halves of a renaming come one after the other. */
const GATHER_MS = 20;
/** A whole tree was exchanged: what is beyond is found by whoever looks. */
const MOST_AT_A_TIME = 2000;

/**
 * Tells the guest what the host changes in directories that the guest has looked at.
 *
 * @returns what the SFTP server asks
 */
export function followChanges(parts: FollowParts): GuestView {
  const { root, log, signal } = parts;
  const pending = new Map<string, boolean>();
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  const watches = watchDirectories(
    root,
    (path, named) => {
      if (pending.size >= MOST_AT_A_TIME) return;
      pending.set(path, named || pending.get(path) === true);
      timer ??= setTimeout(flush, GATHER_MS);
    },
    log,
  );
  const knowledge = new GuestKnowledge({
    isWritten: (path) => parts.handles.isWritten(path),
    onDirectory: (path) => watches.add(path),
    now: () => performance.now(),
  });
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    watches.close();
  });

  function flush(): void {
    timer = undefined;
    const batch = new Map(pending);
    pending.clear();
    working = working.then(() =>
      tellAll(batch).catch((error: unknown) =>
        log.warn('the machine was not told of a change', { reason: messageOf(error) }),
      ),
    );
  }

  async function tellAll(batch: ReadonlyMap<string, boolean>): Promise<void> {
    const changes = await Promise.all(
      [...batch].map(async ([path, named]) => ({
        path,
        named,
        before: knowledge.known(path),
        now: await statsOf(join(root, path)),
        own: knowledge.isOwn(path),
      })),
    );
    for (const { path, now } of changes) knowledge.remember(path, now);
    const news = changes.filter(({ own }) => !own);
    const moved = new Set<string>();
    for (const from of news) {
      if (from.now !== undefined || from.before === undefined) continue;
      const to = news.find(({ path, now }) => now?.ino === from.before?.ino && !moved.has(path));
      if (to === undefined) continue;
      moved.add(from.path).add(to.path);
      await move(from.path, from.before, to.path, to.before === undefined);
      if (to.now !== undefined && typeOf(to.now) === 'directory') watches.add(to.path);
    }
    for (const { path, named, before, now } of news) {
      if (!moved.has(path) && !signal.aborted) await tell(path, named, before, now);
    }
  }

  async function tell(
    path: string,
    named: boolean,
    before: KnownFile | undefined,
    now: KnownFile | undefined,
  ): Promise<void> {
    const inGuest = parts.mountPoint + path;
    if (now === undefined) {
      if (!named) return;
      const type = before === undefined ? 'file' : typeOf(before);
      const ghost = [path, before ?? A_FILE] as const;
      await knowledge.during({ ghost }, () => parts.repeat({ kind: 'removed', path: inGuest, type }));
      return;
    }
    const type = typeOf(now);
    if (before === undefined && named) {
      await knowledge.during({ hidden: path, repeating: path }, () =>
        parts.repeat({ kind: 'made', path: inGuest, type }),
      );
      if (type === 'directory') watches.add(path);
      return;
    }
    const rewritten =
      before === undefined ||
      before.mtimeMs !== now.mtimeMs ||
      before.size !== now.size ||
      before.ino !== now.ino;
    if (type === 'file' && rewritten) {
      await knowledge.during({ repeating: path }, () => parts.repeat({ kind: 'written', path: inGuest }));
    } else if (before?.mode !== now.mode || (type === 'link' && rewritten)) {
      await parts.repeat({ kind: 'touched', path: inGuest });
    }
  }

  async function move(from: string, ghost: KnownFile, to: string, isNew: boolean): Promise<void> {
    const point = parts.mountPoint;
    await knowledge.during({ ghost: [from, ghost], move: [from, to], ...(isNew ? { hidden: to } : {}) }, () =>
      parts.repeat({ kind: 'moved', path: point + from, to: point + to }),
    );
  }

  return knowledge;
}

/** What something that the guest never saw passes for, so that it can be removed there. */
const A_FILE = { size: 0, uid: 0, mode: 0o100_644, atimeMs: 0, mtimeMs: 0 };

const statsOf = (path: string): Promise<KnownFile | undefined> =>
  lstat(path).then(
    (stats) => stats,
    () => undefined, // Gone, or out of reach: for the guest it isn't there.
  );
