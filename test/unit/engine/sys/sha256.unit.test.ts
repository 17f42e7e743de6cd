import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Sha256 } from '../../../../src/engine/sys/sha256.ts';

describe('SHA-256 beside the main thread', () => {
  it("is node:crypto's, however the bytes are cut, for several at once", async () => {
    const digests = [[], [0], [1, 55, 64, 65], [100_000, 3, 128]].map(async (sizes) => {
      const [ours, theirs] = [new Sha256(), createHash('sha256')];
      for (const size of sizes) {
        const bytes = randomBytes(size);
        theirs.update(bytes);
        await ours.update(bytes);
      }
      return [ours.digest(), `sha256:${theirs.digest('hex')}`];
    });
    for (const [ours, theirs] of await Promise.all(digests)) expect(ours).to.equal(theirs);
  });
});
