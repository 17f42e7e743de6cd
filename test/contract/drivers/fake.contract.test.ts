import { createFakeDriver } from '../../../src/drivers/fake/driver.ts';
import { temporaryMachine } from './machine-fixture.ts';
import { driverSuite } from './suite.ts';

driverSuite('fake', async () => {
  const { spec, cleanUp } = await temporaryMachine();
  return {
    makeDriver: createFakeDriver,
    spec,
    broken: { ...spec, options: { fail: 'start' } },
    timeoutMs: 50_000,
    cleanUp,
  };
});
