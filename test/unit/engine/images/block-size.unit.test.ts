import { expect } from 'chai';
import { layoutOptions } from '../../../../src/engine/images/layer/block-size.ts';

describe("a layer's blocks", () => {
  it('are small where the kernel reads small ones, and pages where it is older', () => {
    for (const kernel of ['6.4.0', '6.12.48+deb13-cloud-amd64', '7.0.0-rc1', '10.1'])
      expect(layoutOptions(kernel), kernel).to.include('-b512');
    for (const kernel of ['6.1.0-37-amd64', '5.19.17', '6.3.9', '5.4.0'])
      expect(layoutOptions(kernel), kernel).to.deep.equal([]);
  });
});
