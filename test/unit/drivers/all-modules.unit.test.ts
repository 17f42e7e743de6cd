import { expect } from 'chai';
import { DRIVER_MODULES } from '../../../src/drivers/all-modules.ts';
import { driverNames } from '../../../src/drivers/registry.ts';

describe('the list of all drivers', () => {
  it("is the registry's", () => {
    expect(DRIVER_MODULES.map(({ name }) => name)).to.deep.equal(driverNames());
  });
});
