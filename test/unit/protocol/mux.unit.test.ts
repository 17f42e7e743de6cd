import { expect } from 'chai';
import { FrameDecoder, STREAM, encodeFrame } from '../../../src/protocol/streams/mux.ts';

describe('multiplexed streams', () => {
  it('have frames of stream, three zeros, length and payload', () => {
    // From a capture of docker CLI 28.2.2 talking to dockerd 28.5.2: `echo out`.
    expect(encodeFrame(STREAM.stdout, Buffer.from('out\n'))).to.deep.equal(
      Buffer.from('\x01\0\0\0\0\0\0\x04out\n', 'latin1'),
    );
  });

  it('are taken apart however they are cut', () => {
    const bytes = Buffer.concat([
      encodeFrame(1, Buffer.from('out')),
      encodeFrame(2, Buffer.alloc(0)),
      encodeFrame(2, Buffer.from('err')),
    ]);
    for (let size = 1; size <= bytes.length; size += 1) {
      const decoder = new FrameDecoder();
      const seen: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        for (const { stream, payload } of decoder.push(bytes.subarray(at, at + size)))
          seen.push(`${stream}:${payload.toString()}`);
      }
      expect(seen, `cut at ${size}`).to.deep.equal(['1:out', '2:', '2:err']);
      expect(decoder.incomplete).to.equal(0);
    }
  });

  it('are told from anything else', () => {
    expect(() => new FrameDecoder().push(Buffer.from('plain text'))).to.throw(RangeError);
    expect(() => new FrameDecoder().push(Buffer.from([1, 0, 0, 0, 0x7f, 0, 0, 0]))).to.throw(RangeError);
  });
});
