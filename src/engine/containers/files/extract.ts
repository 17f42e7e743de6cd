import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { normalize } from 'node:path/posix';
import { WherryError } from '../../../core/errors.ts';
import { readMembers } from '../../../core/tar/reader.ts';
import type { TarMember, TarMemberHeader } from '../../../core/tar/member.ts';
import { EngineError, invalid } from '../../errors.ts';
import { hasCode } from '../../sys/errno.ts';
import { ExtractionTarget, childOf } from './extraction-target.ts';
import { fileError } from './file-errors.ts';
import { makeHardLink, makeMember, setDirectoryTime } from './make-member.ts';
import type { Owner } from './make-member.ts';
import { removeIn } from './remove-in.ts';
import type { FilesView } from './view.ts';

export interface ExtractOptions {
  /** Where to, a clean path of the container that is a directory. */
  readonly directory: string;
  /** A directory isn't replaced by something else, nor something else by a directory. */
  readonly noOverwriteDirNonDir: boolean;
  /** Whose everything becomes; undefined: as the archive says. */
  readonly owner: Owner | undefined;
}

/**
 * Unpacks a tar archive into a container's files. Names lead where they would lead the container itself: links in them
 * are followed inside of it, `..` can't leave the directory. What a name leads to is replaced, never written through.
 *
 * @throws EngineError invalidParameter for what isn't a whole tar archive, and for members that don't fit
 */
export async function extractArchive(
  view: FilesView,
  archive: AsyncIterable<Buffer>,
  options: ExtractOptions,
): Promise<void> {
  const target = new ExtractionTarget(view, Buffer.from(options.directory).toString('latin1'));
  const directories: { readonly parts: readonly string[]; readonly mtime: number }[] = [];
  try {
    for await (const member of readMembers(archive, { endMarkOptional: true })) {
      const parts = partsOf(member.name, options.directory);
      if (parts.length === 0) continue; // The directory itself stays as it is.
      try {
        await extractMember(target, member, parts, options);
      } catch (error) {
        throw error instanceof WherryError
          ? error
          : fileError(error, `${options.directory}/${shown(member.name)}`);
      }
      if (member.type === 'directory') directories.push({ parts, mtime: member.mtime });
    }
    // What was put into them since has changed their times.
    for (const { parts, mtime } of directories) {
      await setDirectoryTime(await target.directory(parts.slice(0, -1)), parts.at(-1) ?? '', mtime);
    }
  } catch (error) {
    if (error instanceof WherryError) throw invalid(error.message, error);
    throw error;
  } finally {
    await target.forget();
  }
}

/** @throws EngineError invalidParameter for a name that leads out of the directory */
function partsOf(name: string, directory: string): string[] {
  const parts = normalize(name)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts[0] === '..') throw invalid(`"${shown(name)}" is outside of "${directory}"`);
  return parts;
}

async function extractMember(
  target: ExtractionTarget,
  member: TarMember,
  parts: readonly string[],
  options: ExtractOptions,
): Promise<void> {
  const parent = await target.directory(parts.slice(0, -1));
  const name = parts.at(-1) ?? '';
  const there = await existing(parent, name);
  const merge = there?.isDirectory() === true && member.type === 'directory';
  if (there !== undefined && !merge) {
    if (options.noOverwriteDirNonDir) refuseOverwrite(there, member, parts, options.directory);
    await removeIn(target.view, parent, Buffer.from(name, 'latin1'));
    await target.forget();
  }
  const place = {
    parent: await target.directory(parts.slice(0, -1)),
    name,
    merge,
    owner: options.owner,
    idOffset: (fd: number) => target.view.idOffset(fd),
  };
  if (member.type === 'hardlink') {
    // Another member: its name is one below the directory too.
    const first = partsOf(member.linkName, options.directory);
    const directory = await target.open(first.slice(0, -1));
    try {
      await makeHardLink(place, directory, first.at(-1) ?? '');
    } finally {
      await directory.close();
    }
  } else {
    await makeMember(place, member);
  }
}

async function existing(parent: FileHandle, name: string): Promise<Stats | undefined> {
  try {
    return await lstat(childOf(parent, name));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** @throws EngineError in moby's words */
function refuseOverwrite(
  there: Stats,
  member: TarMemberHeader,
  parts: readonly string[],
  directory: string,
): void {
  const path = `${directory === '/' ? '' : directory}/${shown(parts.join('/'))}`;
  if (there.isDirectory()) {
    throw new EngineError('system', `cannot overwrite directory "${path}" with non-directory "${directory}"`);
  }
  if (member.type === 'directory') {
    throw new EngineError('system', `cannot overwrite non-directory "${path}" with directory "${directory}"`);
  }
}

const shown = (name: string): string => Buffer.from(name, 'latin1').toString('utf8');
