import { open } from 'node:fs/promises';
import { messageOf, WherryError } from '../../core/errors.ts';
import { readTar } from '../tar/reader.ts';
import type { TarLimits } from '../tar/reader.ts';
import type { TarEntry } from '../tar/entry.ts';
import { parseStanza } from './deb822.ts';
import { compressionOf, decompress } from './decompress.ts';

/** A member of an ar archive: where its bytes lie in the file. */
interface Member {
  name: string;
  offset: number;
  size: number;
}

const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;

/**
 * The files that a .deb (deb(5), format 2.0) would install, in the archive's order, ownership and modes
 * as packed. The package's bytes should have been verified before. Packages may be read side by side.
 */
export async function* readDeb(
  path: string,
  limits?: Partial<TarLimits>,
): AsyncGenerator<TarEntry, void, undefined> {
  yield* readMember(path, 'data.tar', limits);
}

/** A .deb's control fields, names in lower case. */
export async function readControl(path: string): Promise<Map<string, string>> {
  const control = (await readControlFiles(path)).get('control');
  if (control === undefined) throw badDeb(path, 'it has no control file');
  return parseStanza(control.toString('utf8'));
}

/** The files that a .deb has for dpkg, by name: `control`, `md5sums`, maintainer scripts, triggers… */
export async function readControlFiles(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const entry of readMember(path, 'control.tar', { totalBytes: 16 << 20 })) {
    if (entry.type === 'file') files.set(entry.path, entry.content);
  }
  return files;
}

async function* readMember(
  path: string,
  stem: string,
  limits: Partial<TarLimits> | undefined,
): AsyncGenerator<TarEntry, void, undefined> {
  const members = await listMembers(path);
  if (members[0]?.name !== 'debian-binary') throw badDeb(path, 'its first member is not debian-binary');
  const member = members.find(({ name }) => name === stem || name.startsWith(`${stem}.`));
  if (member === undefined) throw badDeb(path, `it has no ${stem}`);
  const compression = compressionOf(member.name, stem);
  if (compression === undefined) throw badDeb(path, `${member.name} is compressed in an unknown way`);
  try {
    yield* readTar(decompress({ path, offset: member.offset, size: member.size }, compression), limits);
  } catch (error) {
    throw badDeb(path, messageOf(error), error);
  }
}

/** Reads the ar headers (ar(5), the common format; .deb names are short). */
async function listMembers(path: string): Promise<Member[]> {
  const handle = await open(path, 'r');
  try {
    const { size: fileSize } = await handle.stat();
    const read = async (position: number, length: number): Promise<string> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.toString('latin1', 0, bytesRead);
    };
    if ((await read(0, MAGIC.length)) !== MAGIC) throw badDeb(path, 'it is not an ar archive');
    const members: Member[] = [];
    let position = MAGIC.length;
    while (position < fileSize) {
      const header = await read(position, HEADER_BYTES);
      const size = Number(header.slice(48, 58));
      const offset = position + HEADER_BYTES;
      const isSound =
        header.endsWith('`\n') && /^\d+ *$/.test(header.slice(48, 58)) && offset + size <= fileSize;
      if (!isSound || members.length > 16) throw badDeb(path, 'an ar header is damaged');
      members.push({ name: header.slice(0, 16).trimEnd().replace(/\/$/, ''), offset, size });
      position = offset + size + (size % 2);
    }
    return members;
  } finally {
    await handle.close();
  }
}

function badDeb(path: string, why: string, cause?: unknown): WherryError {
  return new WherryError({
    code: 'DEB_INVALID',
    message: `The package ${path} cannot be read: ${why}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
