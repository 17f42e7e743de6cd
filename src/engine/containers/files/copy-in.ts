import { closeSync, constants } from 'node:fs';
import { Readable } from 'node:stream';
import { invalid } from '../../errors.ts';
import { decompressor, peekCompression } from '../../images/layer/decompress.ts';
import { resolveUser } from '../../oci/user.ts';
import { hasCode } from '../../sys/errno.ts';
import { O_PATH, openInOpenRoot, readTextInRoot } from '../../sys/open-in-root.ts';
import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import type { ContainerEntry } from '../registry.ts';
import { cleanPath } from './container-path.ts';
import { extractArchive } from './extract.ts';
import type { Owner } from './make-member.ts';
import type { FilesView } from './view.ts';
import { withFiles } from './with-files.ts';

const { O_DIRECTORY } = constants;

export interface CopyInOptions {
  readonly path: string;
  readonly noOverwriteDirNonDir: boolean;
  /** Everything becomes the container's user's, if it has one (`docker cp -a`; moby's reading of it). */
  readonly copyUIDGID: boolean;
}

/**
 * `PUT /containers/{id}/archive`: unpacks a tar archive (+gzip, +zstd) into a directory of the container.
 *
 * @throws EngineError invalidParameter for what is no directory, may not be written to, or is no archive
 */
export async function copyIn(
  context: ContainersContext,
  entry: ContainerEntry,
  archive: AsyncIterable<Buffer>,
  options: CopyInOptions,
): Promise<void> {
  const directory = cleanPath(options.path);
  await withFiles(context, entry, { mounts: true, readOnly: false }, async (view) => {
    checkWritable(view, entry.record, directory);
    const { compression, stream } = await peekCompression(archive);
    const plain =
      compression === 'none'
        ? stream
        : Readable.from(stream, { objectMode: false }).compose(decompressor(compression));
    await extractArchive(view, plain as AsyncIterable<Buffer>, {
      directory: directory.replace(/(?<=.)\/\.?$/, ''),
      noOverwriteDirNonDir: options.noOverwriteDirNonDir,
      owner: options.copyUIDGID ? ownerOf(view, entry.record) : undefined,
    });
  });
  publish(context, entry, 'extract-to-dir');
}

function checkWritable(view: FilesView, record: ContainerRecord, directory: string): void {
  const fd = openDirectory(view, directory);
  try {
    const mount = view.mountOf(fd);
    if (mount !== undefined && !mount.writable) throw invalid('mounted volume is marked read-only');
    if (mount === undefined && record.hostConfig.ReadonlyRootfs) {
      throw invalid('container rootfs is marked read-only');
    }
  } finally {
    closeSync(fd);
  }
}

function openDirectory(view: FilesView, path: string): number {
  try {
    return openInOpenRoot(view.root, path, O_PATH | O_DIRECTORY);
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) throw invalid('extraction point is not a directory', error);
    throw error;
  }
}

function ownerOf(view: FilesView, { config }: ContainerRecord): Owner | undefined {
  if (config.User === '') return undefined;
  const root = `/proc/self/fd/${view.root}`;
  const files = { passwd: readTextInRoot(root, 'etc/passwd'), group: readTextInRoot(root, 'etc/group') };
  return resolveUser(config.User, files);
}
