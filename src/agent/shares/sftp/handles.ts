import type { Dir } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { SftpError } from './tree.ts';
import { STATUS, uint32 } from './wire.ts';

export interface OpenFile {
  readonly kind: 'file';
  readonly path: string;
  readonly file: FileHandle;
  readonly writes: boolean;
  /** Settles with everything that was asked of it: a client may ask on before it has the answer. */
  last: Promise<unknown>;
}

export interface OpenDirectory {
  readonly kind: 'directory';
  readonly path: string;
  /** On the host. */
  readonly there: string;
  readonly dir: Dir;
}

type Open = OpenFile | OpenDirectory;

/** What one client may have open: one that never closes anything doesn't take all that the agent has. */
const MOST = 16_384;

export class Handles {
  readonly #open = new Map<number, Open>();
  #next = 0;
  readonly #most: number;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** @returns the name that the client knows it by */
  add(open: Open): Buffer {
    if (this.#open.size >= this.#most) throw new SftpError(STATUS.FAILURE, 'too many files are open');
    do this.#next = (this.#next + 1) >>> 0;
    while (this.#open.has(this.#next));
    this.#open.set(this.#next, open);
    return uint32(this.#next);
  }

  file(name: Buffer): OpenFile {
    const open = this.#get(name);
    if (open.kind === 'file') return open;
    throw new SftpError(STATUS.FAILURE, 'not a file');
  }

  directory(name: Buffer): OpenDirectory {
    const open = this.#get(name);
    if (open.kind === 'directory') return open;
    throw new SftpError(STATUS.FAILURE, 'not a directory');
  }

  async close(name: Buffer): Promise<Open> {
    const open = this.#get(name);
    this.#open.delete(name.readUInt32BE());
    await closeOne(open);
    return open;
  }

  /** Whether the client has the file open for writing: what changes in it is the client's own doing. */
  isWritten(path: string): boolean {
    return [...this.#open.values()].some((open) => open.kind === 'file' && open.writes && open.path === path);
  }

  async closeAll(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(open.map(closeOne));
  }

  #get(name: Buffer): Open {
    const open = name.length === 4 ? this.#open.get(name.readUInt32BE()) : undefined;
    if (open === undefined) throw new SftpError(STATUS.FAILURE, 'no such handle');
    return open;
  }
}

/** Closes what was opened when the work fails: Node ends the process where it finds an open file that nobody has. */
export async function orClosed<T>(
  opened: { readonly close: () => Promise<void> },
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function closeOne(open: Open): Promise<void> {
  if (open.kind === 'directory') return open.dir.close();
  await open.last.catch(() => undefined);
  await open.file.close();
}
