import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { ustarArchive } from '../../../src/core/tar/ustar.ts';

describe('ustarArchive', () => {
  it('writes the header that POSIX describes', () => {
    const archive = ustarArchive([{ name: 'hello', content: 'hi\n', mode: 0o640, mtime: 1 }], 512);
    expect(archive.length).to.equal(4 * 512);
    expect(archive.toString('latin1', 0, 8)).to.equal('hello\0\0\0');
    expect(archive.toString('latin1', 100, 108)).to.equal('0000640\0');
    expect(archive.toString('latin1', 124, 148)).to.equal('00000000003\u{0}00000000001\0');
    expect(archive.toString('latin1', 156, 157)).to.equal('0');
    expect(archive.toString('latin1', 257, 265)).to.equal('ustar\u{0}00');
    expect(archive.toString('latin1', 512, 516)).to.equal('hi\n\0');
    const header = Buffer.from(archive.subarray(0, 512));
    const stored = Number.parseInt(header.toString('latin1', 148, 154), 8);
    header.fill(' ', 148, 156);
    expect(stored).to.equal(header.reduce((sum, byte) => sum + byte, 0));
    expect(archive.subarray(1024).every((byte) => byte === 0)).to.equal(true);
  });

  /** `tar --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=644 -cf - hello` (GNU tar 1.34). */
  it('writes the bytes that GNU tar writes', () => {
    const digest = createHash('sha256')
      .update(ustarArchive([{ name: 'hello', content: 'hi\n' }]))
      .digest('hex');
    expect(digest).to.equal('52e3c9b7c59e569690d7bfa78ea53579065aeef8a7b11abfb9464eb7425205fa');
  });

  it('splits long names at a slash and refuses what has no room', () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(90)}`;
    const archive = ustarArchive([{ name: long }]);
    expect(archive.toString('latin1', 0, 100).replaceAll('\0', '')).to.equal('f'.repeat(90));
    expect(archive.toString('latin1', 345, 500).replaceAll('\0', '')).to.equal('d'.repeat(120));
    expect(() => ustarArchive([{ name: 'x'.repeat(101) }])).to.throw(RangeError, 'too long for ustar');
    expect(() => ustarArchive([{ name: 'x', uid: 2 ** 21 }])).to.throw(RangeError, 'number');
    expect(() => ustarArchive([{ name: '' }])).to.throw(RangeError);
    expect(() => ustarArchive([{ name: 'd', type: 'directory', content: 'x' }])).to.throw(RangeError);
  });
});
