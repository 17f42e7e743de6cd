import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { release, uptime } from 'node:os';
import * as z from 'zod';
import { makeOwnerOnlyDirectory, readTextIfExists, writeFileAtomic } from '../../platform/atomic-file.ts';
import type { QemuHost } from './host.ts';
import type { ProbeResult } from './probe.ts';

const entry = z.object({
  key: z.string(),
  at: z.number(),
  usable: z.boolean(),
  reason: z.string().optional(),
  ms: z.number(),
});
const file = z.object({ version: z.literal(1), results: z.array(entry) });

/** Answers of the last computers' states are of no use; this many are more than one computer has at once. */
const KEPT = 16;
/** A refusal may have been this computer being busy: it is asked again the next day. */
const REFUSAL_MS = 24 * 3600 * 1000;

/** What an answer depends on: the host's boot and kernel, QEMU, the guest's kernel, and the accelerator. */
export async function probeKey(host: QemuHost, parts: readonly string[]): Promise<string> {
  return [...parts, release(), await bootId(host)].join('|');
}

/** On Linux the kernel's boot id; elsewhere the boot's time to ten minutes, where an error costs one more probe. */
async function bootId(host: QemuHost): Promise<string> {
  if (host.platform === 'linux') {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  }
  return String(Math.round((host.clock.now() / 1000 - uptime()) / 600));
}

/** Answers `key` from the cache file in `directory`, or by `ask`, whose answer is kept. */
export async function cachedProbe(
  host: QemuHost,
  directory: string,
  key: string,
  ask: () => Promise<ProbeResult>,
): Promise<ProbeResult> {
  const path = join(directory, 'qemu-probe.json');
  const known = await readResults(path);
  const found = known.find((result) => result.key === key);
  if (found !== undefined && (found.usable || host.clock.now() - found.at < REFUSAL_MS)) {
    return found.usable
      ? { usable: true, ms: found.ms }
      : { usable: false, reason: found.reason ?? 'unknown', ms: found.ms };
  }
  const answer = await ask();
  const others = known.filter((result) => result.key !== key).slice(-KEPT + 1);
  const results = [...others, { key, at: host.clock.now(), ...answer }];
  await makeOwnerOnlyDirectory(directory);
  await writeFileAtomic(path, `${JSON.stringify({ version: 1, results }, null, 2)}\n`);
  return answer;
}

/** A cache that cannot be read is an empty one. */
async function readResults(path: string): Promise<readonly z.infer<typeof entry>[]> {
  const text = await readTextIfExists(path);
  if (text === undefined) return [];
  try {
    const parsed = file.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.results : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
