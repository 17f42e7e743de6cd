import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../contract/engine/containers/client.ts';
import { brokenPromises, removeAll, untilAnswers } from './check.ts';
import { chosen, load, type Told } from './load.ts';

/** A machine whose engine is killed. It runs, and has the image. */
export interface Victim {
  readonly socketPath: string;
  readonly image: string;
  /** Runs a script in the VM. @returns its output */
  inVm(script: string): Promise<string>;
}

export interface KillRecord {
  readonly index: number;
  readonly afterMs: number;
  /** Requests for containers that the load had made by then. */
  readonly containers: number;
  readonly failure?: string | undefined;
}

const WORKERS = 3;
const LONGEST_MS = 8000;

/** Loads the engine with clients, kills it at the seed's moment, and looks at what the next one makes of it. */
export async function killRound(victim: Victim, seed: number, index: number): Promise<KillRecord> {
  const afterMs = chosen(LONGEST_MS, seed, index, 'moment');
  const ledger: Told[] = [];
  try {
    const before = await leftovers(victim);
    const label = `${seed}-${index}`;
    const workers = Array.from({ length: WORKERS }, async (_, worker) =>
      load(victim.socketPath, victim.image, label, `k${seed}/${index}/${worker}`, ledger),
    );
    await delay(afterMs);
    await victim.inVm('kill -9 $(cat /run/wherry/engine.pid)');
    await Promise.all(workers);
    const client = new Client(victim.socketPath);
    await untilAnswers(client);
    const failures = await brokenPromises(client, label, ledger);
    failures.push(...(await removeAll(client, label)));
    failures.push(...(await leftBehind(victim, before)));
    const failure = failures.length === 0 ? undefined : failures.join('\n');
    return { index, afterMs, containers: ledger.length, failure };
  } catch (error) {
    return { index, afterMs, containers: ledger.length, failure: String(error) };
  }
}

const SETTLE_MS = 60_000;

/** A container's conmon outlives it for a moment: it ends by itself, once it has told how the container ended. */
async function leftBehind(victim: Victim, before: Leftovers): Promise<string[]> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const found = await leftovers(victim);
    const more = [...found.counts].filter(([what, count]) => count > (before.counts.get(what) ?? 0));
    if (more.length === 0) return [];
    if (performance.now() > deadline) return [`left behind:\n${found.text}\nbefore:\n${before.text}`];
    await delay(200);
  }
}

interface Leftovers {
  readonly counts: ReadonlyMap<string, number>;
  readonly text: string;
}

/** What containers leave in a VM: processes, cgroups, mounts, directories, interfaces; the processes' arguments behind them. */
async function leftovers(victim: Victim): Promise<Leftovers> {
  const text = await victim.inVm(
    [
      'echo conmon: $(pidof conmon | wc -w)',
      'echo cgroups: $(find /sys/fs/cgroup/wherry -mindepth 1 -type d 2>/dev/null | wc -l)',
      "echo mounts: $(grep -c -e ' /run/.*merged ' -e ' /run/.*/layers/' /proc/mounts)",
      'echo containers: $(ls /var/lib/wherry/containers | wc -l)',
      'echo writable layers: $(ls /var/lib/wherry/rootfs | wc -l)',
      'echo interfaces: $(ls /sys/class/net | wc -l)',
      String.raw`for pid in $(pidof conmon); do tr '\0' ' ' < /proc/$pid/cmdline; echo; done`,
    ].join('; '),
  );
  const counts = [...text.matchAll(/^([a-z ]+): (\d+)$/gm)].map(
    ([, what = '', count]) => [what, Number(count)] as const,
  );
  return { counts: new Map(counts), text };
}
