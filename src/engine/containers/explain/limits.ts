import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of cgroup v2 that hold a limit, and what they say where there is none. */
const UNLIMITED: Readonly<Record<string, RegExp>> = {
  'memory.max': /^max$/,
  'memory.swap.max': /^max$/,
  'memory.low': /^0$/,
  'cpu.max': /^max /,
  'cpu.weight': /^100$/,
  'cpuset.cpus': /^$/,
  'cpuset.mems': /^$/,
  'pids.max': /^max$/,
  'io.max': /^$/,
  'io.weight': /^default 100$/,
};

/** The limits set in a cgroup's directory, by file. */
export function limitsIn(directory: string): Record<string, string> {
  const there = new Set(readdirSync(directory));
  const limits: Record<string, string> = {};
  for (const [file, unlimited] of Object.entries(UNLIMITED)) {
    if (!there.has(file)) continue;
    const value = readFileSync(join(directory, file), 'utf8').trim();
    if (!unlimited.test(value)) limits[file] = value;
  }
  return limits;
}
