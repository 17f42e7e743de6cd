import { REPEATED } from '../../../protocol/agent/repeated.ts';
import type { FileStats } from './attributes.ts';

/**
 * What the guest knows of a share, and is being told. The host's own changes are told by repeating each in the guest,
 * through the mount (../changes): the server answers such an operation as if it did it. Paths are the share's.
 */
export interface GuestView {
  /** Not there for the guest yet: it is about to repeat its making. */
  isHidden(path: string): boolean;
  /** Gone on the host, there for the guest: it is about to repeat its removal. */
  ghost(path: string): FileStats | undefined;
  /** The guest repeats the making of something that is there. */
  reveal(path: string): void;
  /** Whether the removal is a repeated one. */
  takeGhost(path: string): boolean;
  /** Whether the renaming is a repeated one. */
  takeMove(from: string, to: string): boolean;
  /** The guest has been told of this. */
  saw(path: string, stats: FileStats & { readonly ino: number }): void;
  /** The guest has changed this itself, or is doing so. */
  changed(...paths: readonly string[]): void;
}

/** The permission bits that a file can have, of those that a message has. */
const PERMISSIONS = 0o7777;

export const isRepeatedMode = (mode: number | undefined): boolean =>
  mode !== undefined && (mode & PERMISSIONS) === REPEATED.mode;
