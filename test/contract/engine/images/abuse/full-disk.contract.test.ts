import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { DiskGuard } from '../../../../../src/engine/images/layer/disk-guard.ts';
import { file } from '../../../../helpers/images/entries.ts';
import { layerTar } from '../../../../helpers/images/layer-tar.ts';
import { smallDisk } from '../../../../helpers/small-disk.ts';
import { startImages } from '../images-under-test.ts';
import { expectRefusal } from './cache-snapshot.ts';
import { startLyingRegistry } from './lying-registry.ts';

const MiB = 1024 ** 2;

describe('a layer that unpacks to more than the disk has', function () {
  this.timeout(120_000); // the first run may have to bring erofs-utils

  it('ends, and gives back what it took', async () => {
    using disk = smallDisk(40 * MiB);
    const registry = await startLyingRegistry();
    const under = await startImages({}, disk.path);
    try {
      // 60 KB that become 60 MiB.
      const bomb = layerTar([file('zeros', Buffer.alloc(60 * MiB))]);
      const image = registry.tell({ layers: [bomb] });
      expect(gzipSync(bomb).length).to.be.lessThan(MiB);
      await expectRefusal(under, image, /failed to register layer: no space left on device/);
      expect(readdirSync(join(under.directory, 'data/ingest'))).to.deep.equal([]);
      const { text } = await under.pull(registry.tell({ layers: [layerTar([file('small', 'x')])] }));
      expect(text).to.contain('Status: Downloaded newer image');
    } finally {
      await under.close();
      await registry.stop();
    }
  });

  it('is stopped before the disk is full', async () => {
    using disk = smallDisk(4 * MiB);
    const guard = new DiskGuard(disk.path, 'sha256:1');
    const failure = async (work: Promise<void>) => await work.then(() => 'none', String);
    expect(await failure(guard.check())).to.equal('none');
    const { bavail, bsize } = statfsSync(disk.path);
    expect(await failure(guard.check(bavail * bsize))).to.contain('layer sha256:1 needs');
    disk.fill();
    expect(await failure(guard.wrote(MiB))).to.equal('none'); // looked at every 8 MiB
    expect(await failure(guard.wrote(8 * MiB))).to.match(/needs more than the disk has \(0 bytes are free/);
  });
});
