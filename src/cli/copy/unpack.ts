import { chmod, link, lstat, lutimes, mkdir, open, rm, symlink, utimes } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { normalize } from 'node:path/posix';
import { systemErrorCode } from '../../core/errors.ts';
import { readMembers } from '../../core/tar/reader.ts';
import type { TarMember } from '../../core/tar/member.ts';
import { copyError } from './argument.ts';

/**
 * Unpacks what a container sent into a directory of this computer: content, permissions, times, links. Everything
 * belongs to who runs this. A directory isn't replaced by something else, nor something else by a directory.
 *
 * Names stay inside the directory, and nothing is written through a link that came with the same archive.
 *
 * @param skipped told of what can't be made here (devices, FIFOs)
 * @throws WherryError
 */
export async function unpackLocal(
  archive: AsyncIterable<Uint8Array>,
  directory: string,
  rename: (name: string) => string,
  skipped: (name: string) => void,
): Promise<void> {
  const links = new Set<string>();
  const directories: { readonly path: Buffer; readonly mtime: number; readonly mode: number }[] = [];
  for await (const member of readMembers(archive, { endMarkOptional: true })) {
    const parts = partsOf(rename(member.name), links);
    if (parts.length === 0) continue;
    const path = below(directory, parts);
    await makeRoom(directory, parts, member);
    switch (member.type) {
      case 'directory':
        await mkdir(path, { recursive: true, mode: 0o700 });
        directories.push({ path, mtime: member.mtime, mode: member.mode });
        break;
      case 'file':
        await writeContent(path, member);
        break;
      case 'symlink':
        await symlink(Buffer.from(member.linkName, 'latin1'), path);
        await lutimes(path, member.mtime, member.mtime);
        links.add(keyOf(parts));
        break;
      case 'hardlink':
        await link(below(directory, partsOf(rename(member.linkName), links)), path);
        break;
      default:
        skipped(shown(parts));
    }
  }
  // Last of all, and from the inside out: until now they had to be writable, and their times changed.
  for (const { path, mtime, mode } of directories.toReversed()) {
    await chmod(path, mode & 0o777);
    await utimes(path, mtime, mtime);
  }
}

/**
 * A name's parts, one character a byte.
 *
 * @param links those of this archive, by {@link keyOf}
 * @throws WherryError for one that leads out, or through a link of this archive
 */
export function partsOf(name: string, links: ReadonlySet<string>, windows = WINDOWS): string[] {
  const parts = normalize(name)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts[0] === '..')
    throw copyError(`the archive names a path outside of the destination: ${shown(parts)}`);
  // They lead elsewhere there: a separator, the end of a drive's letter or a stream's beginning, what is cut off names, devices.
  if (windows && parts.some((part) => /[\\:]|[. ]$/.test(part) || RESERVED.test(shown([part])))) {
    throw copyError(`the archive holds a name that Windows can't have: ${shown(parts)}`);
  }
  for (let length = 1; length < parts.length; length++) {
    const parent = parts.slice(0, length);
    if (links.has(keyOf(parent))) throw copyError(`the archive leads through its own link ${shown(parent)}`);
  }
  return parts;
}

/**
 * A name as a filesystem may take it that doesn't tell case apart, or ways to write a character (macOS's, Windows's):
 * what one of them takes for a link's name is none here either. Bytes that aren't UTF-8 are none to those.
 */
export function keyOf(parts: readonly string[]): string {
  // Twice: some characters (ẞ, İ, the Kelvin sign) have another form only by way of the other case.
  return shown(parts).normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

/** Devices, in whatever directory and with whatever ending (learn.microsoft.com, "Naming Files, Paths, and Namespaces"). */
const RESERVED =
  /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i;

const WINDOWS = process.platform === 'win32';

const shown = (parts: readonly string[]): string => Buffer.from(parts.join('/'), 'latin1').toString('utf8');

/** As bytes: a name needn't be UTF-8 where this computer's filesystem doesn't insist on it. */
const below = (directory: string, parts: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from(directory + sep), Buffer.from(parts.join(sep), 'latin1')]);

async function makeRoom(directory: string, parts: readonly string[], member: TarMember): Promise<void> {
  const path = below(directory, parts);
  const there = await existing(path);
  const isDirectory = member.type === 'directory';
  if (there === undefined) {
    await mkdir(below(directory, parts.slice(0, -1)), { recursive: true });
    return;
  }
  const name = join(directory, shown(parts));
  if (there.isDirectory() && !isDirectory) {
    throw copyError(`cannot overwrite directory "${name}" with non-directory "${directory}"`);
  }
  if (!there.isDirectory() && isDirectory) {
    throw copyError(`cannot overwrite non-directory "${name}" with directory "${directory}"`);
  }
  if (!isDirectory) await rm(path);
}

async function existing(path: Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeContent(path: Buffer, member: TarMember): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const piece of member.content) await file.appendFile(piece);
    await file.chmod(member.mode & 0o7777);
    await file.utimes(member.mtime, member.mtime);
  } finally {
    await file.close();
  }
}
