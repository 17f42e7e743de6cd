import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';

const MIB = 16;
const FILES = 100;

/** Does the same work in a directory, and prints what each step took in hundredths of a second. */
const WORK = `
cd $1
now() { read -r up _ < /proc/uptime; printf '%s%s ' "\${up%.*}" "\${up#*.}"; }
step() { begin=$(now); "$@" > /dev/null 2>&1; end=$(now); echo "$1 $((end - begin))"; }
written() { dd if=/dev/zero of=big bs=1M count=${MIB} conv=fsync; }
taken() { dd if=big of=/dev/null bs=1M; }
made() { mkdir d; i=0; while [ $i -lt ${FILES} ]; do : > d/f$i; i=$((i + 1)); done; }
looked() { ls -l d; }
removed() { rm -r d big; }
for name in written taken made looked removed; do step $name; done
`;

const STEPS = ['written', 'taken', 'made', 'looked', 'removed'] as const;

/** A directory of this computer's in a container, beside a volume on the machine's own disk. */
export async function benchShare(world: World, runs: number): Promise<Figure[]> {
  const directory = join(world.shared.writable, 'bench');
  mkdirSync(directory, { recursive: true });
  const binds = ['-v', `${directory}:/share`, '-v', 'bench-share:/volume'];
  const work = async (place: string): Promise<Map<string, number>> => {
    const words = ['run', '--rm', ...binds, world.image('busybox'), 'sh', '-c', WORK, 'sh', place];
    const lines = (await world.ok(words)).trim().split('\n');
    return new Map(lines.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1]) * 10]));
  };
  // The first use mounts.
  await work('/share');
  const took = { volume: new Map<string, number[]>(), share: new Map<string, number[]>() };
  for (let run = 0; run < runs; run += 1) {
    for (const place of ['volume', 'share'] as const) {
      const found = await work(`/${place}`);
      for (const step of STEPS) {
        took[place].set(step, [...(took[place].get(step) ?? []), Math.max(10, found.get(step) ?? 0)]);
      }
    }
  }
  await world.ok(['volume', 'rm', 'bench-share']);
  const speed = (times: readonly number[]): number[] => times.map((ms) => (MIB * 1000) / ms);
  return STEPS.flatMap((step) => {
    const [own, shared] = [took.volume.get(step) ?? [], took.share.get(step) ?? []];
    const isSpeed = step === 'written' || step === 'taken';
    const what = isSpeed
      ? `${step === 'written' ? 'write' : 'read'} ${MIB} MiB`
      : `${FILES} files ${{ made: 'made', looked: 'listed with ls -l', removed: 'removed' }[step]}`;
    const unit = isSpeed ? 'MB/s' : 'ms';
    const volume = figure(`${what}, volume`, unit, isSpeed ? speed(own) : own);
    return [volume, figure(`${what}, share`, unit, isSpeed ? speed(shared) : shared, volume)];
  });
}
