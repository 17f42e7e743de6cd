import { createReadStream } from 'node:fs';
import type { TarMemberHeader } from '../../core/tar/member.ts';
import { END_MARK, memberBytes, paddingAfter } from '../../core/tar/writer.ts';
import type { PreparedImage } from './prepare.ts';
import { STAGE_FOLDER, STAGE_RUNNER } from './second-stage.ts';

/** What the second stage needs in its container, as a tar for the container's root. */
export async function* stageArchive(image: Pick<PreparedImage, 'plan' | 'debs'>): AsyncGenerator<Buffer> {
  yield member(`${STAGE_FOLDER}/`, 'directory', 0, 0o755);
  for (const [name, text] of [
    ['run', STAGE_RUNNER],
    ['plan', image.plan],
  ] as const) {
    const content = Buffer.from(text);
    yield member(`${STAGE_FOLDER}/${name}`, 'file', content.length, 0o755);
    yield content;
    yield paddingAfter(content.length);
  }
  for (const { name, path, size } of image.debs) {
    yield member(`${STAGE_FOLDER}/${name}`, 'file', size, 0o644);
    yield* createReadStream(path) as AsyncIterable<Buffer>;
    yield paddingAfter(size);
  }
  yield Buffer.from(END_MARK);
}

function member(name: string, type: TarMemberHeader['type'], size: number, mode: number): Buffer {
  const nothing = { linkName: '', uid: 0, gid: 0, mtime: 0, devMajor: 0, devMinor: 0, xattrs: new Map() };
  return memberBytes({ ...nothing, type, name, size, mode });
}
