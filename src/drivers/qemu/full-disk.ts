import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import type { MachineSpec, RunningVm } from '../driver.ts';
import { runningVm } from './boot.ts';
import type { QemuHost } from './host.ts';
import { withQmp } from './qmp/session.ts';
import { readVmFile } from './vm-file.ts';

const QMP_MS = 10_000;
/** QEMU tries the write that failed anew as soon as it goes on, and stops again at once where it fails again. */
const AGAIN_MS = 1000;

/**
 * QEMU stops a VM whose data disk's file can't grow (`werror=enospc`), with the write kept. Lets such a VM go on;
 * undefined for one that stopped for something else. Error: `DISK_FULL` where it stops again.
 */
export async function resumeFromFullDisk(host: QemuHost, spec: MachineSpec): Promise<RunningVm | undefined> {
  const file = await readVmFile(spec);
  if (file?.qmp === undefined) return undefined;
  const stopped = new AbortController();
  return withQmp(
    file.qmp,
    AbortSignal.timeout(QMP_MS),
    async (qmp) => {
      const { status } = z.object({ status: z.string() }).parse(await qmp.execute('query-status'));
      if (status !== 'io-error') return undefined;
      await qmp.execute('cont');
      const goesOn = await host.clock.sleep(AGAIN_MS, stopped.signal).then(
        () => true,
        () => false,
      );
      if (goesOn) return runningVm(file);
      throw new WherryError({
        code: 'DISK_FULL',
        message: `this computer's disk is full: "${spec.name}" stands still, its disk cannot be written`,
        hint: `Make room; it then goes on where it was:  wherry machine start ${spec.name}`,
      });
    },
    ({ event }) => {
      if (event === 'STOP') stopped.abort();
    },
  );
}
