import { paddingAfter, END_MARK, memberBytes } from '../../../core/tar/writer.ts';
import { readMembers } from '../../../core/tar/reader.ts';
import { EMPTY_FILE } from '../../../core/tar/member.ts';

/** What a single file is called in an archive of its own. */
export const FILE_MEMBER = 'file';

/** What is to be copied: a directory's archive names its members below `.`, a file's has that one member. */
export interface CopiedArchive {
  readonly isDirectory: boolean;
  pack(): AsyncIterable<Uint8Array>;
}

/**
 * An archive whose last member, an empty file `seal`, says that nothing is missing: a tar (busybox's among them) takes
 * an input that ends between two members for a whole archive. A single file is called {@link FILE_MEMBER} in it.
 *
 * @throws WherryError ARCHIVE_INVALID for one that is damaged or ends early; whatever packing it throws
 */
export async function* sealed(source: CopiedArchive, seal: string): AsyncGenerator<Buffer> {
  for await (const member of readMembers(source.pack())) {
    yield memberBytes(source.isDirectory ? member : { ...member, name: FILE_MEMBER });
    yield* member.content;
    yield paddingAfter(member.size);
  }
  yield memberBytes({ ...EMPTY_FILE, name: seal });
  yield Buffer.from(END_MARK);
}
