import type { GuestShell } from './guest-shell.ts';

const BALLAST = '/var/lib/wherry/ballast';
/** A block of the file system. */
const GRAIN = 4096;

/** kill -9 of the engine; resolves when it is dead. */
export async function killEngine(shell: GuestShell): Promise<void> {
  await shell.run(
    'pid=$(cat /run/wherry/engine.pid); kill -9 $pid; while kill -0 $pid; do usleep 1000; done 2>/dev/null',
  );
}

/** A kernel panic: nothing that isn't on the disk by now gets there any more. */
export function panic(shell: GuestShell): void {
  shell.tell('echo c > /proc/sysrq-trigger');
}

/** Takes all of the data disk but so many bytes, in ever smaller pieces. */
export async function fillDisk(shell: GuestShell, bytesLeft: number): Promise<void> {
  await shell.run(`
    mkdir -p ${BALLAST} && cd ${BALLAST} || exit 1
    piece=$((1 << 40)) number=0
    while :; do
      set -- $(stat -f -c '%a %S' .)
      much=$(($1 * $2 - ${bytesLeft}))
      [ $much -ge ${GRAIN} ] && [ $piece -ge ${GRAIN} ] || exit 0
      [ $piece -gt $much ] && piece=$much
      number=$((number + 1))
      fallocate -l $piece $number 2>/dev/null || { rm -f $number; piece=$((piece / 2)); }
    done`);
}

export async function freeDisk(shell: GuestShell): Promise<void> {
  await shell.run(`rm -rf ${BALLAST}`);
}
