import { expect } from 'chai';
import { registryAnswer } from '../../../../src/engine/images/registry/errors.ts';

describe('a registry’s answer', () => {
  it('may ask for a wait that no clock has', () => {
    const { retryAfterMs = Number.NaN } = registryAnswer(429, '', { 'retry-after': '9'.repeat(400) });
    expect(retryAfterMs).to.be.within(86_400_000, Number.MAX_SAFE_INTEGER);
    expect(registryAnswer(429, '', { 'retry-after': '7' }).retryAfterMs).to.equal(7000);
  });
});
