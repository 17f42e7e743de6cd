import { expect } from 'chai';
import { stat, truncate, writeFile } from 'node:fs/promises';
import { growDataDisk } from '../../../../src/drivers/qemu/files.ts';
import { temporaryMachine } from '../../../contract/drivers/machine-fixture.ts';

describe('a QEMU machine’s data disk', () => {
  it('grows to what the machine has, takes no space for that, and never shrinks', async () => {
    const { spec, cleanUp } = await temporaryMachine({ diskGiB: 3 });
    try {
      await writeFile(spec.dataDisk, 'kept', { mode: 0o600 });
      await truncate(spec.dataDisk, 2 * 2 ** 30);
      await growDataDisk(spec);
      const grown = await stat(spec.dataDisk);
      expect(grown.size).to.equal(3 * 2 ** 30);
      expect(grown.blocks * 512).to.be.below(2 ** 20);
      await growDataDisk({ ...spec, diskGiB: 1 });
      expect((await stat(spec.dataDisk)).size).to.equal(3 * 2 ** 30);
    } finally {
      await cleanUp();
    }
  });
});
