import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { fileBytes } from '../layer/file-bytes.ts';
import { MAX_DOCUMENT } from '../manifest.ts';

/** The files of an image archive, by their names in it. */
export interface ArchiveSource {
  has(name: string): Promise<boolean>;
  size(name: string): Promise<number>;
  /** A whole small file. @throws EngineError when it is missing or too large */
  document(name: string): Promise<Buffer>;
  stream(name: string): AsyncIterable<Buffer>;
}

/** Files on disk under other names; `fileOf` gives undefined for what isn't there. */
export function filesSource(fileOf: (name: string) => string | undefined): ArchiveSource {
  const sizeOf = async (name: string): Promise<number | undefined> => {
    const file = fileOf(name);
    try {
      return file === undefined ? undefined : (await stat(file)).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };
  const existing = (name: string): string => {
    const file = fileOf(name);
    if (file === undefined) throw missing(name);
    return file;
  };
  return {
    has: async (name) => (await sizeOf(name)) !== undefined,
    size: async (name) => {
      const size = await sizeOf(name);
      if (size === undefined) throw missing(name);
      return size;
    },
    document: async (name) => {
      const size = await sizeOf(name);
      if (size === undefined) throw missing(name);
      if (size > MAX_DOCUMENT) throw new EngineError('system', `invalid archive: ${name} is too large`);
      return await readFile(existing(name));
    },
    stream: (name) => fileBytes(existing(name)),
  };
}

/** An OCI layout as a directory. */
export const directorySource = (directory: string): ArchiveSource =>
  filesSource((name) => join(directory, name));

const missing = (name: string) => new EngineError('invalidParameter', `invalid archive: it has no ${name}`);
