import { MACHINE, type World } from '../../test/helpers/e2e-world.ts';
import { figure, type Figure } from '../statistics.ts';
import { PATIENT } from './cost.ts';

const MIB = 1024 * 1024;

/**
 * The engine's and mkfs.erofs's largest resident set while `body` pulls. The kernel keeps the engine's own peak (proc(5),
 * `clear_refs` 5 and `VmHWM`); mkfs.erofs takes most at its end, so it is looked at for as long as it lives.
 */
export async function memoryWhile(
  world: World,
  name: string,
  body: () => Promise<unknown>,
): Promise<{ readonly figures: Figure[]; readonly mkfsBytes: number }> {
  const before = await world.inVm(
    'pid=$(cat /run/wherry/engine.pid); echo 5 > /proc/$pid/clear_refs; grep VmRSS /proc/$pid/status',
  );
  const watching = world.ok(['machine', 'ssh', MACHINE, WATCH], PATIENT);
  await body();
  await world.inVm('touch /tmp/watched');
  const watched = await watching;
  const after = await world.inVm('grep VmHWM /proc/$(cat /run/wherry/engine.pid)/status');
  const engine = kib(after) - kib(before);
  const mkfsBytes = Number(watched.trim()) * 1024;
  return {
    mkfsBytes,
    figures: [
      figure(`${name}: the engine's peak above what it had before`, 'MiB', [engine / 1024]),
      figure(`${name}: the largest mkfs.erofs`, 'MiB', [mkfsBytes / MIB]),
    ],
  };
}

/** Prints the largest VmHWM of any mkfs.erofs, in KiB, once the file `watched` is there. */
const WATCH = `
largest=0
while [ ! -e /tmp/watched ]; do
  for pid in $(pidof mkfs.erofs); do
    while read -r key value unit; do
      [ "$key" = VmHWM: ] && [ "$value" -gt "$largest" ] && largest=$value
    done < /proc/$pid/status
  done 2> /dev/null
  usleep 50000
done
rm /tmp/watched
echo $largest
`;

const kib = (status: string): number => Number(/\d+/.exec(status)?.[0]);

/** What the store's files take of the data disk, in bytes: the EROFS files and everything else, which is the blobs. */
export async function storeBytes(world: World): Promise<{ readonly erofs: number; readonly blobs: number }> {
  const output = await world.inVm(
    'sync; cd /var/lib/wherry; for name in layers blobs; do du -sk $(find . -maxdepth 2 -type d -name $name); done',
  );
  const [erofs = Number.NaN, blobs = Number.NaN] = output
    .trim()
    .split('\n')
    .map((line) => Number.parseInt(line, 10) * 1024);
  return { erofs, blobs };
}
