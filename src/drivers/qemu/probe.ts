import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import type { ReadinessLine } from '../../protocol/boot/readiness.ts';
import { probeArgv } from './argv/compose.ts';
import type { Hardware } from './argv/machine.ts';
import { createPortPicker, localEndpoint, type LocalEndpoint } from './endpoint.ts';
import type { QemuHost } from './host.ts';
import { lastMessage } from './qemu-messages.ts';
import { guestWord } from './readiness.ts';

export interface ProbeImage {
  readonly id: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
}

export type ProbeResult =
  | { readonly usable: true; readonly ms: number }
  | { readonly usable: false; readonly reason: string; readonly ms: number };

/** A kernel that runs at all has printed its banner long before; one that doesn't prints nothing, ever. */
const SILENCE_MS = 3000;
/** Power-on to the line takes well under a second under a working accelerator. */
const DEADLINE_MS = 15_000;

/**
 * Boots the image's own kernel and initrd with `wherry.probe` under an accelerator and waits for the guest's word.
 * A device node or a firmware that runs proves nothing: only a kernel that reports back does. Leaves nothing behind.
 */
export async function probe(
  host: QemuHost,
  binary: string,
  image: ProbeImage,
  hardware: Hardware,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const directory = await mkdtemp(join(tmpdir(), `wherry-${randomBytes(2).toString('hex')}-`));
  const started = host.clock.monotonic();
  try {
    const ready = await localEndpoint(host.platform, directory, 'ready', createPortPicker());
    const reason = await bootProbe(host, directory, ready, signal, (consoleLog) =>
      probeArgv(image, { binary, hardware, ready, consoleLog }),
    );
    const ms = Math.round(host.clock.monotonic() - started);
    return reason === undefined ? { usable: true, ms } : { usable: false, reason, ms };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const isProbe = ({ event }: ReadinessLine): boolean => event === 'probe';

/** Resolves with why it isn't usable, or undefined where the guest has reported. */
async function bootProbe(
  host: QemuHost,
  directory: string,
  ready: LocalEndpoint,
  outer: AbortSignal,
  argv: (consoleLog: string) => string[],
): Promise<string | undefined> {
  const consoleLog = join(directory, 'console.log');
  const output = join(directory, 'qemu.log');
  const child = await host.exec.spawnDetached(argv(consoleLog), { outputFile: output });
  const identity = await host.processes.identify(child.pid);
  const done = new AbortController();
  const signal = AbortSignal.any([outer, done.signal]);
  const racers = [
    guestWord({ clock: host.clock, child, ready, signal, isLast: isProbe }),
    silence(host, consoleLog, signal),
    host.clock.sleep(DEADLINE_MS, signal).then(() => 'deadline' as const),
  ];
  try {
    const first = await Promise.race(racers);
    if (first === 'silent') return `a test VM printed nothing within ${SILENCE_MS / 1000} s`;
    if (first === 'deadline') return `a test VM did not report back within ${DEADLINE_MS / 1000} s`;
    if (first !== 'exited') return undefined;
    return lastMessage(await readFile(output, 'utf8')) ?? 'a test VM went down without a word';
  } finally {
    done.abort(new Error('the probe is decided'));
    if (identity !== undefined) await host.processes.signal(identity, 'SIGKILL');
    await child.exited;
    await Promise.allSettled(racers);
  }
}

/** Resolves after {@link SILENCE_MS} if the console is still empty, otherwise never. */
async function silence(host: QemuHost, consoleLog: string, signal: AbortSignal): Promise<'silent'> {
  await host.clock.sleep(SILENCE_MS, signal);
  if ((await sizeOf(consoleLog)) === 0) return 'silent';
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
