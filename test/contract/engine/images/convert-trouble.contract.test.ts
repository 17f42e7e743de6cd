import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { filesSource } from '../../../../src/engine/images/archive/archive-source.ts';
import { ImageStore } from '../../../../src/engine/images/image-store.ts';
import { convertLayer } from '../../../../src/engine/images/layer/convert.ts';
import { LayerPool } from '../../../../src/engine/images/layer/layer-pool.ts';
import { keepLayer } from '../../../../src/engine/images/layer/new-layer.ts';
import { hasCode } from '../../../../src/engine/sys/errno.ts';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { smallDisk } from '../../../helpers/small-disk.ts';

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const tar = layerTar([file('noise', randomBytes(300_000))]);
const { signal } = new AbortController();

/** What this process has open below a directory. */
const openBelow = (directory: string): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(directory) ? [target] : [];
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return []; // the one that listed them
      throw error;
    }
  });

describe('a layer that can not be converted', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-convert-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  /** A mkfs.erofs of our own. */
  const program = (script: string): string => {
    const path = join(directory, 'mkfs');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o700);
    return path;
  };

  it('leaves no file open where the disk is full from the start', async () => {
    using disk = smallDisk(4 * 1024 ** 2);
    const store = await ImageStore.open(join(disk.path, 'data'));
    const pool = new LayerPool(store, program('exit 1'));
    const spooled = { diffId: sha256(tar), size: tar.length, file: join(directory, 'spooled') };
    writeFileSync(spooled.file, tar);
    disk.fill();
    const failed = await keepLayer({ store, pool }, spooled, signal).then(() => 'kept', String);
    expect(failed).to.contain('no space left on device');
    // Nor does an archive's member that nobody reads; one that isn't there would be an error without a listener.
    filesSource(() => spooled.file).stream('member');
    filesSource(() => join(directory, 'missing')).stream('member');
    rmSync(spooled.file);
    expect(openBelow(spooled.file)).to.deep.equal([]);
    disk.free();
  });

  it('says so where mkfs.erofs was killed, as by the kernel without memory', async () => {
    const source = { bytes: Readable.from([tar]) as AsyncIterable<Buffer>, diffId: sha256(tar) };
    const options = { directory, mkfs: program('kill -KILL $$'), signal };
    const failed = await convertLayer(source, options).then(() => 'converted', String);
    expect(failed).to.contain('mkfs.erofs was ended by SIGKILL (the machine may have run out of memory)');
  });
});
