import { finished } from 'node:stream/promises';
import { expect } from 'chai';
import { decompressor, peekCompression } from '../../../../src/engine/images/layer/decompress.ts';

/** An empty zstd frame that wants to look back so far (RFC 8878 §3.1.1.1.2): one raw block, the last. */
const frame = (windowLog: number): Buffer =>
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3, 0x01, 0x00, 0x00]);

const unpack = async (bytes: Buffer): Promise<string> => {
  const stream = decompressor('zstd');
  stream.resume().end(bytes);
  return await finished(stream).then(() => 'unpacked', String);
};

describe('decompression', () => {
  it('refuses a zstd frame that would take more memory than any packer wants', async () => {
    expect(await unpack(frame(23))).to.equal('unpacked');
    expect(await unpack(frame(25))).to.equal('unpacked');
    expect(await unpack(frame(26))).to.match(/requires too much memory/);
  });

  it('ends its source when nobody reads what was looked at', async () => {
    let ended = false;
    async function* source(): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from('BZh9');
        yield Buffer.from('more');
      } finally {
        ended = true;
      }
    }
    const { unsupported, drop } = await peekCompression(source());
    expect(unsupported).to.equal('bzip2');
    await drop();
    expect(ended).to.equal(true);
  });
});
