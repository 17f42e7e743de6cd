import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readVhdx } from '../../../src/core/vhdx/layout.ts';
import { smallDisk } from '../../helpers/small-disk.ts';
import { bytesSource, emptySource, writeVhdx } from '../../../src/platform/vhdx-file.ts';

const MIB = 2 ** 20;
const ids = { file: Buffer.alloc(16, 1), data: Buffer.alloc(16, 2), disk: Buffer.alloc(16, 3) };

describe('writing a VHDX', () => {
  let directory: string;
  let path: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-vhdx-'));
    path = join(directory, 'disk.vhdx');
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('takes the blocks that hold anything, each where the table says', async () => {
    const bytes = Buffer.alloc(2 * MIB + 10);
    bytes.write('first', 0);
    bytes.write('last', 2 * MIB);
    await writeVhdx(path, bytesSource(bytes), ids);
    const file = await readFile(path);
    expect(readVhdx(file)).to.deep.equal({ virtualBytes: 3 * MIB, present: [0, 2] });
    expect(file.length).to.equal(6 * MIB);
    expect(file.toString('latin1', 4 * MIB, 4 * MIB + 5)).to.equal('first');
    expect(file.toString('latin1', 5 * MIB, 5 * MIB + 4)).to.equal('last');
  });

  it('writes over a file in place, and leaves nothing of what was longer', async () => {
    await writeVhdx(path, bytesSource(Buffer.alloc(4 * MIB, 1)), ids);
    const before = await stat(path);
    await writeVhdx(path, bytesSource(Buffer.from('x')), ids);
    const after = await stat(path);
    expect(after.ino).to.equal(before.ino);
    expect(after.size).to.equal(5 * MIB);
  });

  it('makes an empty disk of any size out of a few megabytes', async () => {
    await writeVhdx(path, emptySource(20 * 1024 * MIB), ids);
    expect((await stat(path)).size).to.equal(4 * MIB);
    expect(readVhdx(await readFile(path))).to.deep.equal({ virtualBytes: 20 * 1024 * MIB, present: [] });
  });

  it('fails on a disk that is full for a moment: half a block is no block', async () => {
    using disk = smallDisk(8 * MIB);
    const ballast = join(disk.path, 'other');
    await writeFile(ballast, Buffer.alloc(7.5 * MIB));
    const source = {
      bytes: 2 * MIB,
      read: async (offset: number, block: Buffer) => {
        if (offset > 0) await rm(ballast);
        block.fill(1);
        return true;
      },
    };
    const write = writeVhdx(join(disk.path, 'disk.vhdx'), source, ids);
    expect(await write.then(String, (error: Error) => error.message)).to.contain('ENOSPC');
  });

  it('ends with the reason of its signal', async () => {
    const reason = new Error('enough');
    const write = writeVhdx(path, bytesSource(Buffer.alloc(1)), ids, AbortSignal.abort(reason));
    expect(await write.catch((error: unknown) => error)).to.equal(reason);
  });
});
