import type { Stats } from 'node:fs';
import { uint32, uint64, type PacketReader } from './wire.ts';

/** ATTRS of SFTP 3 (§5): what is left out isn't to be changed. Times are whole seconds. */
export interface Attributes {
  readonly size?: number | undefined;
  readonly mode?: number | undefined;
  readonly atime?: number | undefined;
  readonly mtime?: number | undefined;
}

const FLAG = { size: 1, owner: 2, mode: 4, times: 8 } as const;

/** Owners are read and dropped: what is on the host belongs to its user. */
export function readAttributes(reader: PacketReader): Attributes {
  const flags = reader.uint32();
  const size = flags & FLAG.size ? reader.uint64() : undefined;
  if (flags & FLAG.owner) {
    reader.uint32();
    reader.uint32();
  }
  const mode = flags & FLAG.mode ? reader.uint32() : undefined;
  const [atime, mtime] = flags & FLAG.times ? [reader.uint32(), reader.uint32()] : [];
  return { size, mode, atime, mtime };
}

/** Who files of others seem to belong to. */
const NOBODY = 65_534;
const LAST_SECOND = 0xffff_ffff;

export type FileStats = Pick<Stats, 'size' | 'uid' | 'mode' | 'atimeMs' | 'mtimeMs'>;

/**
 * A file as the guest sees it: what belongs to the host's user is root's, as the containers' files are. Windows has
 * neither owners nor a bit that says what can be run.
 */
export function attributesOf(stats: FileStats, user: number | undefined): Buffer {
  const owner = user === undefined || stats.uid === user ? 0 : NOBODY;
  const mode = user === undefined ? stats.mode | 0o555 : stats.mode;
  return Buffer.concat([
    uint32(FLAG.size | FLAG.owner | FLAG.mode | FLAG.times),
    uint64(stats.size),
    uint32(owner),
    uint32(owner),
    uint32(mode),
    uint32(seconds(stats.atimeMs)),
    uint32(seconds(stats.mtimeMs)),
  ]);
}

const seconds = (ms: number): number => Math.min(Math.max(0, Math.floor(ms / 1000)), LAST_SECOND);
