import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { OverlayRootfs } from '../../../../src/engine/images/rootfs.ts';

describe('root filesystems of an engine that was killed', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'wherry-rootfs-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are released though the list of the layers of one is torn', async () => {
    const runDir = join(directory, 'run');
    const rootfs = await OverlayRootfs.open({ dataDir: join(directory, 'data'), runDir });
    for (const [id, list] of [
      ['torn', ''],
      ['whole', '[]'],
    ] as const) {
      mkdirSync(join(runDir, 'rootfs', id));
      writeFileSync(join(runDir, 'rootfs', id, 'layers.json'), list);
    }
    for (const id of ['whole', 'torn']) {
      await rootfs.unmount(id);
      expect(existsSync(join(runDir, 'rootfs', id)), id).to.equal(false);
    }
  });
});
