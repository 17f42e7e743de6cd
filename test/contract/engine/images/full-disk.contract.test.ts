import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { directory, file } from '../../../helpers/images/entries.ts';
import { smallDisk } from '../../../helpers/small-disk.ts';
import { startFakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';

describe('images on a disk without any room', () => {
  it('can be removed, and others pulled into the room that this makes', async () => {
    using disk = smallDisk(8 * 1024 * 1024);
    const registry = await startFakeRegistry({ entries: [directory('x'), file('x/y', 'content')] });
    const under = await startImages({}, disk.path);
    const data = join(under.directory, 'data');
    const reserve = join(data, 'images.json.reserve');
    const name = `${registry.host}/test/image`;
    try {
      const pulled = await under.pull(name);
      expect(pulled.lines.at(-1)?.status, pulled.text).to.match(/^Status: Downloaded newer image/);
      expect(statSync(reserve).blocks * 512).to.be.at.least(1024 * 1024);
      disk.fill();
      const refused = await under.call('POST', `/images/${name}:1/tag?repo=another&tag=1`);
      expect(refused.status, refused.text).to.equal(500);
      // Nor does an engine need room to start.
      await under.reopen();
      const removed = await under.call('DELETE', `/images/${name}:1`);
      expect(removed.status, removed.text).to.equal(200);
      expect(readdirSync(join(data, 'layers'))).to.deep.equal([]);
      expect(readdirSync(join(data, 'blobs', 'sha256'))).to.deep.equal([]);
      disk.free();
      const again = await under.pull(name);
      expect(again.lines.at(-1)?.status, again.text).to.match(/^Status: Downloaded newer image/);
      expect(existsSync(reserve)).to.equal(true);
    } finally {
      await under.close();
      await registry.stop();
    }
  });

  it('leave nothing that a prune would not find when they can not be taken in', async () => {
    using disk = smallDisk(8 * 1024 * 1024);
    const registry = await startFakeRegistry({ entries: [file('x', 'content')] });
    const under = await startImages({}, disk.path);
    const data = join(under.directory, 'data');
    try {
      // The last request of a pull: from here on only its records are missing.
      registry.misbehave = ({ request }) => {
        if (request.url?.includes('/blobs/') === true) disk.fill();
        return false;
      };
      const failed = await under.pull(`${registry.host}/test/image`);
      expect(failed.text).to.contain('no space left on device');
      disk.free();
      const pruned = await under.call('POST', '/images/prune');
      expect(pruned.status, pruned.text).to.equal(200);
      for (const path of ['layers', join('blobs', 'sha256'), 'ingest']) {
        expect(readdirSync(join(data, path)), path).to.deep.equal([]);
      }
    } finally {
      await under.close();
      await registry.stop();
    }
  });
});
