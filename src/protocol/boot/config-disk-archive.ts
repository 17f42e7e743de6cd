import { ustarArchive } from '../../core/tar/ustar.ts';
import { CONFIG_DISK_MAGIC } from './config-disk.ts';

export interface ConfigFile {
  /** One of CONFIG_FILES. */
  readonly name: string;
  readonly content: string | Uint8Array;
  /** Permission bits; default 0600. */
  readonly mode?: number;
}

const MIB = 1024 * 1024;

/** The bytes of a config disk (see ./config-disk.ts), the same for the same files. */
export function configDisk(files: readonly ConfigFile[]): Buffer {
  const members = files.map(({ name, content, mode }) => ({ name, content, mode: mode ?? 0o600 }));
  return ustarArchive([{ name: CONFIG_DISK_MAGIC, mode: 0o600 }, ...members], MIB);
}
