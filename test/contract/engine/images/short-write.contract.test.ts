import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { spoolArchive } from '../../../../src/engine/images/archive/spool.ts';
import { convertLayer } from '../../../../src/engine/images/layer/convert.ts';
import { StorageError } from '../../../../src/engine/images/layer/disk-guard.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { smallDisk } from '../../../helpers/small-disk.ts';

/**
 * A write(2) that reaches the end of the room writes what fits and succeeds. If it is the file's last, nothing ever
 * fails, and the file is short.
 */
describe('on a disk that fills up with the last write', () => {
  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => 'nothing failed',
      (error: unknown) => error,
    );

  it('an archive is not taken in short', async () => {
    using disk = smallDisk(64 * 1024);
    const archive = layerTar([file('big', randomBytes(100 * 1024))]);
    const error = await failure(spoolArchive(Readable.from([archive]), disk.path));
    expect(error).to.include({ code: 'ENOSPC' });
  });

  it('a layer is not stored short', async () => {
    const { binDir } = await debianTools(['erofs-utils']);
    using disk = smallDisk(1024 * 1024);
    writeFileSync(join(disk.path, 'other'), Buffer.alloc(512 * 1024));
    // What follows a tar's end makes the blob large and the file system not.
    const padding = Buffer.alloc(768 * 1024);
    const tar = layerTar([file('small', Buffer.from('x'))]);
    async function* bytes(): AsyncGenerator<Buffer> {
      yield tar;
      yield padding;
      rmSync(join(disk.path, 'other')); // There is room again, and nothing else would notice.
    }
    const error = await failure(
      convertLayer(
        {
          bytes: bytes(),
          diffId: `sha256:${createHash('sha256').update(tar).update(padding).digest('hex')}`,
        },
        {
          directory: disk.path,
          mkfs: join(binDir, 'mkfs.erofs'),
          signal: new AbortController().signal,
        },
      ),
    );
    expect(error).to.be.instanceOf(StorageError);
    expect(readdirSync(disk.path)).to.deep.equal(['other']);
  });
});
