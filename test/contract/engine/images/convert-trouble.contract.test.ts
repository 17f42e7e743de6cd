import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { filesSource } from '../../../../src/engine/images/archive/archive-source.ts';
import { ImageStore } from '../../../../src/engine/images/image-store.ts';
import { convertLayer } from '../../../../src/engine/images/layer/convert.ts';
import { DiskGuard, StorageError } from '../../../../src/engine/images/layer/disk-guard.ts';
import { LayerPool } from '../../../../src/engine/images/layer/layer-pool.ts';
import { keepLayer } from '../../../../src/engine/images/layer/new-layer.ts';
import { RegistryAnswer } from '../../../../src/engine/images/registry/errors.ts';
import { Partials } from '../../../../src/engine/store/partials.ts';
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

  describe('keeps what came of it', () => {
    const digest = sha256(tar);
    const half = Math.floor(tar.length / 2);
    let asked: number[];
    let partials: Partials;
    const part = () => join(directory, 'partial', digest.slice('sha256:'.length));
    beforeEach(() => {
      asked = [];
      partials = new Partials(join(directory, 'partial'));
      writeFileSync(part(), tar.subarray(0, half));
    });
    const convert = async (mkfs: string, rest: () => Buffer, stop = signal): Promise<unknown> => {
      async function* bytesFrom(offset: number): AsyncGenerator<Buffer> {
        asked.push(offset);
        yield await Promise.resolve(rest());
      }
      const expected = { digest, size: tar.length };
      const source = { bytes: bytesFrom(0), bytesFrom, expected, diffId: digest };
      const options = { directory, mkfs: program(mkfs), partials, signal: stop };
      return await convertLayer(source, options).then(
        () => 'converted',
        (error: unknown) => error,
      );
    };

    it('where the registry refuses to go on', async () => {
      const refusal = new RegistryAnswer(401, 'UNAUTHORIZED', 'unauthorized');
      const failed = await convert('cat', () => {
        throw refusal;
      });
      expect(failed).to.equal(refusal);
      expect(asked).to.deep.equal([half]);
      expect(existsSync(part())).to.equal(true);
    });

    it('where mkfs.erofs was killed', async () => {
      expect(String(await convert('kill -KILL $$', () => tar.subarray(half)))).to.contain('SIGKILL');
      expect(asked.length).to.be.at.most(1);
      expect(existsSync(part())).to.equal(true);
    });

    it('but not where other bytes came: it is made anew', async () => {
      const failed = await convert('cat >/dev/null', () => Buffer.alloc(tar.length - half));
      expect(String(failed)).to.match(/verification failed|invalid layer/);
      expect(asked).to.deep.equal([half, 0]);
      expect(existsSync(part())).to.equal(false);
    });
  });

  it('leaves nothing where its record can not be written', async () => {
    using disk = smallDisk(4 * 1024 ** 2);
    const data = join(disk.path, 'data');
    const store = await ImageStore.open(data);
    const [blobFile, erofsFile] = [join(store.content.ingest, 'blob'), join(store.content.ingest, 'erofs')];
    for (const path of [blobFile, erofsFile]) writeFileSync(path, 'x');
    disk.fill();
    const digest = sha256(tar);
    const layer = { blobFile, erofsFile, digest, blobSize: 1, compression: 'none', size: 1 } as const;
    const failed = await store.addLayer(digest, layer).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(StorageError);
    for (const path of ['layers', 'blobs/sha256', 'ingest'])
      expect(readdirSync(join(data, path))).to.deep.equal([]);
  });

  it('takes the room of broken downloads that nobody is at, and no room that would not do', async () => {
    using disk = smallDisk(4 * 1024 ** 2);
    const partials = new Partials(join(disk.path, 'partial'));
    const taken = partials.take('ab', 10);
    for (const name of ['ab', 'cd'])
      writeFileSync(join(disk.path, 'partial', name), Buffer.alloc(512 * 1024));
    disk.fill();
    const guard = new DiskGuard(disk.path, 'sha256:1', partials);
    const refused = await guard.check(1024 ** 2).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StorageError);
    expect(partials.unused()).to.equal(512 * 1024);
    await guard.check(256 * 1024);
    expect(readdirSync(join(disk.path, 'partial'))).to.deep.equal(['ab']);
    taken?.release();
    expect(partials.clear()).to.equal(512 * 1024);
  });
});
