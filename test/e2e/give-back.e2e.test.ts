import { expect } from 'chai';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';
import { eventually } from '../helpers/eventually.ts';
import { processesOf } from '../helpers/machine/processes.ts';

const MEMORY_MIB = 256;
const DISK_MIB = 48;

describe('what a machine gives back to this computer', () => {
  after(async () => {
    await world().wherry(['rm', '-f', 'much']);
    await world().wherry(['volume', 'rm', '-f', 'much']);
  });

  it('is the memory of a container that has ended', async () => {
    const { qemu } = await processesOf(world().home, MACHINE);
    const residentMiB = (): number => {
      const status = readFileSync(`/proc/${qemu[0]?.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    };
    const fill = `dd if=/dev/zero of=/dev/shm/much bs=1M count=${MEMORY_MIB} 2>/dev/null && echo full; sleep 600`;
    const size = `${MEMORY_MIB + 16}m`;
    const image = world().image('busybox');
    await world().ok(['run', '-d', '--name', 'much', '--shm-size', size, image, 'sh', '-c', fill]);
    await eventually(
      () => world().ok(['logs', 'much']),
      (said) => said.includes('full'),
      'the memory is taken',
    );
    const peak = residentMiB();
    expect(peak).to.be.above(MEMORY_MIB);
    await world().ok(['rm', '-f', 'much']);
    await eventually(
      () => Promise.resolve(residentMiB()),
      (now) => now < peak - 0.6 * MEMORY_MIB,
      `QEMU has less than its ${Math.round(peak)} MiB`,
    );
  });

  it('is the disk of a volume that was removed', async () => {
    const path = join(world().home, 'machines', MACHINE, 'data.img');
    const takenMiB = (): number => (statSync(path).blocks * 512) / 2 ** 20;
    const fill = `dd if=/dev/urandom of=/v/much bs=1M count=${DISK_MIB} 2>/dev/null && sync`;
    await world().ok(['run', '--rm', '-v', 'much:/v', world().image('busybox'), 'sh', '-c', fill]);
    const peak = takenMiB();
    expect(peak).to.be.above(DISK_MIB);
    await world().ok(['volume', 'rm', 'much']);
    await eventually(
      () => Promise.resolve(takenMiB()),
      (now) => now < peak - 0.8 * DISK_MIB,
      `data.img takes less than its ${Math.round(peak)} MiB`,
    );
  });
});
