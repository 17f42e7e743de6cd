import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { MACHINE, type World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';
import { vmPid } from './vm.ts';

const PSS = `
for p in /proc/[0-9]*; do
  pss=$(awk '/^Pss:/ {print $2}' $p/smaps_rollup 2>/dev/null)
  [ -n "$pss" ] && echo "$pss $(tr '\\0' ' ' < $p/cmdline)"
done
grep -E '^(MemTotal|MemAvailable):' /proc/meminfo
`;

/** What an idle machine takes. Budgets: engine PSS ≤ 80 MiB, userland ≤ 90 MiB, MemTotal − MemAvailable ≤ 175 MiB. */
export async function benchMemory(world: World): Promise<Figure[]> {
  // Idle: just started, and nobody has asked for anything in a while (the engine gives memory back after 5 s of that).
  await world.ok(['machine', 'restart', MACHINE]);
  await setTimeout(15_000);
  const output = await world.ok(['machine', 'ssh', 'e2e', '--', 'sh', '-s'], { input: PSS });
  const lines = output.trim().split('\n');
  const processes = lines
    .filter((line) => /^\d+ /.test(line))
    .map((line) => ({ kib: Number.parseInt(line, 10), line }));
  const engine = processes
    .filter(({ line }) => line.includes('start-engine.cjs'))
    .reduce((sum, { kib }) => sum + kib, 0);
  const all = processes.reduce((sum, { kib }) => sum + kib, 0);
  const meminfo = (name: string): number => Number(new RegExp(`${name}: +(\\d+)`).exec(output)?.[1]);
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${vmPid(world)}/status`, 'utf8'))?.[1];
  return [
    figure('engine PSS, idle', 'MiB', [engine / 1024]),
    figure('userland PSS, idle', 'MiB', [all / 1024]),
    figure('MemTotal - MemAvailable, idle', 'MiB', [(meminfo('MemTotal') - meminfo('MemAvailable')) / 1024]),
    figure("QEMU's RSS", 'MiB', [Number(rss) / 1024]),
  ];
}
