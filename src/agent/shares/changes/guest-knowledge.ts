import type { FileStats } from '../sftp/attributes.ts';
import type { GuestView } from '../sftp/guest-view.ts';

export interface KnownFile extends FileStats {
  readonly ino: number;
}

export interface GuestKnowledgeParts {
  /** Whether the guest has the file open for writing. */
  readonly isWritten: (path: string) => boolean;
  /** The guest has looked into a directory, or at it: it may watch it from now on. */
  readonly onDirectory: (path: string) => void;
  readonly now: () => number;
}

/** Of a big tree only what was looked at last is remembered; the rest counts as new when it changes. */
const MOST_KNOWN = 50_000;
/** So long after it the host's news of a change are news of the guest's own. */
const OWN_MS = 700;
const S_IFMT = 0o170_000;
const S_IFDIR = 0o040_000;
const S_IFLNK = 0o120_000;

export type FileType = 'file' | 'directory' | 'link';

export function typeOf({ mode }: { readonly mode: number }): FileType {
  if ((mode & S_IFMT) === S_IFDIR) return 'directory';
  return (mode & S_IFMT) === S_IFLNK ? 'link' : 'file';
}

/** What the guest knows of a share, and what it is being told. */
export class GuestKnowledge implements GuestView {
  readonly #parts: GuestKnowledgeParts;
  readonly #known = new Map<string, KnownFile>();
  readonly #own = new Map<string, number>();
  readonly #repeating = new Set<string>();
  readonly #hidden = new Set<string>();
  readonly #ghosts = new Map<string, FileStats>();
  readonly #moves = new Map<string, string>();

  constructor(parts: GuestKnowledgeParts) {
    this.#parts = parts;
  }

  known(path: string): KnownFile | undefined {
    return this.#known.get(path);
  }

  /** What was there last, whoever was told; `undefined`: nothing. */
  remember(path: string, stats: KnownFile | undefined): void {
    this.#known.delete(path);
    if (stats === undefined) return;
    const { ino, size, uid, mode, atimeMs, mtimeMs } = stats;
    this.#known.set(path, { ino, size, uid, mode, atimeMs, mtimeMs });
    if (this.#known.size > MOST_KNOWN) forgetFirst(this.#known);
  }

  /** Whether a change is the guest's own doing. */
  isOwn(path: string): boolean {
    const at = this.#own.get(path);
    return (at !== undefined && this.#parts.now() - at < OWN_MS) || this.#parts.isWritten(path);
  }

  /** While `work` lets the guest repeat something, the server answers as that needs it. */
  async during(
    change: {
      readonly repeating?: string;
      readonly hidden?: string;
      readonly ghost?: readonly [path: string, stats: FileStats];
      readonly move?: readonly [from: string, to: string];
    },
    work: () => Promise<void>,
  ): Promise<void> {
    const { repeating, hidden, ghost, move } = change;
    if (repeating !== undefined) this.#repeating.add(repeating);
    if (hidden !== undefined) this.#hidden.add(hidden);
    if (ghost !== undefined) this.#ghosts.set(ghost[0], ghost[1]);
    if (move !== undefined) this.#moves.set(move[0], move[1]);
    try {
      await work();
    } finally {
      if (repeating !== undefined) this.#repeating.delete(repeating);
      if (hidden !== undefined) this.#hidden.delete(hidden);
      if (ghost !== undefined) this.#ghosts.delete(ghost[0]);
      if (move !== undefined) this.#moves.delete(move[0]);
    }
  }

  isHidden(path: string): boolean {
    return this.#hidden.has(path);
  }

  ghost(path: string): FileStats | undefined {
    return this.#ghosts.get(path);
  }

  reveal(path: string): void {
    this.#hidden.delete(path);
  }

  takeGhost(path: string): boolean {
    return this.#ghosts.delete(path);
  }

  takeMove(from: string, to: string): boolean {
    if (this.#moves.get(from) !== to) return false;
    this.#ghosts.delete(from);
    this.#hidden.delete(to);
    return this.#moves.delete(from);
  }

  saw(path: string, stats: KnownFile): void {
    // Of a file that changed since it was seen, the change is yet to be told.
    if (!this.#known.has(path)) this.remember(path, stats);
    if (typeOf(stats) === 'directory') this.#parts.onDirectory(path);
  }

  changed(...paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#repeating.has(path)) continue;
      this.#own.delete(path);
      this.#own.set(path, this.#parts.now());
      if (this.#own.size > MOST_KNOWN) forgetFirst(this.#own);
    }
  }
}

function forgetFirst(map: Map<string, unknown>): void {
  for (const first of map.keys()) {
    map.delete(first);
    return;
  }
}
