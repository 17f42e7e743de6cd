import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MACHINE, type World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';
import { vmPid } from './vm.ts';

const MEMORY_MIB = 1024;
const DISK_MIB = 512;
const LOOK_MS = 2000;
/** So many looks without a change worth speaking of: it has settled. */
const STILL = 4;
const WORTH_MIB = 4;
const MOST_LOOKS = 60;

/** What of a peak this computer gets back: memory of a container that has ended, and disk of a volume that was removed. */
export async function benchReturn(world: World): Promise<Figure[]> {
  const image = world.image('busybox');
  await world.ok(['machine', 'restart', MACHINE]);
  await world.ok(['run', '--rm', image, 'true']);
  const memory = await peak(
    () => residentMiB(world),
    async () => {
      const size = `${MEMORY_MIB + 64}m`;
      const fill = `dd if=/dev/zero of=/dev/shm/much bs=1M count=${MEMORY_MIB} 2>/dev/null; echo full; sleep 3600`;
      await world.ok(['run', '-d', '--name', 'much', '--shm-size', size, image, 'sh', '-c', fill]);
      while (!(await world.ok(['logs', 'much'])).includes('full')) await pause(500);
    },
    () => world.ok(['rm', '-f', 'much']),
  );
  const disk = await peak(
    () => diskMiB(world),
    async () => {
      const fill = `dd if=/dev/urandom of=/v/much bs=1M count=${DISK_MIB} 2>/dev/null; sync`;
      await world.ok(['run', '--rm', '-v', 'much:/v', image, 'sh', '-c', fill]);
    },
    () => world.ok(['volume', 'rm', 'much']),
  );
  return [
    ...figures("QEMU's RSS", `a container with ${MEMORY_MIB} MiB`, memory),
    ...figures("the data disk's file", `a volume with ${DISK_MIB} MiB`, disk),
  ];
}

interface Peak {
  readonly before: number;
  readonly during: number;
  readonly after: number;
  readonly seconds: number;
}

async function peak(
  look: () => number,
  rise: () => Promise<void>,
  fall: () => Promise<unknown>,
): Promise<Peak> {
  const before = (await settled(look)).value;
  await rise();
  const during = look();
  await fall();
  const { value, seconds } = await settled(look);
  return { before, during, after: value, seconds };
}

/** What it comes to, and after how many seconds: guests give back in their own time, and nothing tells of it. */
async function settled(look: () => number): Promise<{ value: number; seconds: number }> {
  let value = look();
  let still = 0;
  let changed = 0;
  for (let looks = 1; looks <= MOST_LOOKS && still < STILL; looks += 1) {
    await pause(LOOK_MS);
    const now = look();
    if (Math.abs(now - value) > WORTH_MIB) {
      [still, changed] = [0, looks];
      value = now;
    } else still += 1;
  }
  return { value: look(), seconds: (changed * LOOK_MS) / 1000 };
}

function figures(what: string, cause: string, { before, during, after, seconds }: Peak): Figure[] {
  const returned = Math.round((100 * (during - after)) / (during - before));
  return [
    figure(`${what} before`, 'MiB', [before]),
    figure(`${what} with ${cause}`, 'MiB', [during]),
    {
      ...figure(`${what} after it`, 'MiB', [after]),
      ratio: `${returned} % of the peak is back, after ${seconds} s`,
    },
  ];
}

function residentMiB(world: World): number {
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${vmPid(world)}/status`, 'utf8'))?.[1];
  return Number(rss) / 1024;
}

function diskMiB(world: World): number {
  return (statSync(join(world.home, 'machines', MACHINE, 'data.img')).blocks * 512) / 2 ** 20;
}
