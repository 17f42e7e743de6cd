import { expect } from 'chai';
import { guidBytes, guidFromDigest } from '../../../../src/core/guid.ts';
import { BLOCK_BYTES, readVhdx, vhdxLayout } from '../../../../src/core/vhdx/layout.ts';

const MIB = 2 ** 20;
const ids = { file: Buffer.alloc(16, 1), data: Buffer.alloc(16, 2), disk: Buffer.alloc(16, 3) };

describe('GUIDs as they are stored', () => {
  it("have their first three fields' bytes reversed", () => {
    expect(guidBytes('00112233-4455-6677-8899-aabbccddeeff').toString('hex')).to.equal(
      '33221100554477668899aabbccddeeff',
    );
    expect(() => guidBytes('0011')).to.throw(RangeError, '"0011" is not a GUID');
  });

  it('are version 8 when they are made of a digest, and the same for the same one', () => {
    const made = guidFromDigest(Buffer.alloc(32, 0xff));
    expect(made.toString('hex')).to.equal('ffffffffffffff8fbfffffffffffffff');
    expect(guidFromDigest(Buffer.alloc(32, 0xff)).equals(made)).to.equal(true);
  });
});

describe('the layout of a dynamic VHDX', () => {
  it('has its structures at the places that the format names', () => {
    const { head, offsetOf, fileBytes } = vhdxLayout({ virtualBytes: 8 * MIB, blocks: [0, 5], ids });
    expect(head.toString('latin1', 0, 8)).to.equal('vhdxfile');
    for (const at of [64, 128]) expect(head.toString('latin1', at * 1024, at * 1024 + 4)).to.equal('head');
    for (const at of [192, 256]) expect(head.toString('latin1', at * 1024, at * 1024 + 4)).to.equal('regi');
    expect(head.toString('latin1', 2 * MIB, 2 * MIB + 8)).to.equal('metadata');
    expect([offsetOf(0), offsetOf(1), fileBytes]).to.deep.equal([4 * MIB, 5 * MIB, 6 * MIB]);
    expect(head.readBigUInt64LE(3 * MIB + 5 * 8)).to.equal((5n << 20n) | 6n);
    expect(readVhdx(head)).to.deep.equal({ virtualBytes: 8 * MIB, present: [0, 5] });
  });

  it('leaves an entry for the sector bitmap behind each full chunk of 4096 blocks', () => {
    const blocks = [4095, 4096, 8192];
    const { head } = vhdxLayout({ virtualBytes: 8193 * BLOCK_BYTES, blocks, ids });
    const entry = (index: number): bigint => head.readBigUInt64LE(3 * MIB + index * 8);
    expect([entry(4095) & 7n, entry(4096), entry(4097) & 7n, entry(8194) & 7n]).to.deep.equal([
      6n,
      0n,
      6n,
      6n,
    ]);
    expect(readVhdx(head).present).to.deep.equal(blocks);
  });

  it('takes a larger table for a larger disk', () => {
    const tib = vhdxLayout({ virtualBytes: 2 ** 40, blocks: [], ids });
    expect(tib.fileBytes).to.equal((3 + 9) * MIB);
  });

  it('refuses sizes that are no whole blocks, and blocks behind the end', () => {
    expect(() => vhdxLayout({ virtualBytes: MIB + 512, blocks: [], ids })).to.throw(RangeError);
    expect(() => vhdxLayout({ virtualBytes: 0, blocks: [], ids })).to.throw(RangeError);
    expect(() => vhdxLayout({ virtualBytes: MIB, blocks: [1], ids })).to.throw(RangeError);
  });

  it('carries checksums that tell of a changed byte', () => {
    for (const [at, what] of [
      [64 * 1024 + 100, 'head'],
      [256 * 1024 + 20, 'regi'],
    ] as const) {
      const { head } = vhdxLayout({ virtualBytes: MIB, blocks: [], ids });
      head[at] = (head[at] ?? 0) ^ 1;
      expect(() => readVhdx(head)).to.throw(`the VHDX's ${what} structure is damaged`);
    }
  });
});
