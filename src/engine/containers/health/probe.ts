import { Duplex } from 'node:stream';
import { goDuration } from '../../../core/duration.ts';
import { FrameDecoder } from '../../../protocol/streams/mux.ts';
import { hasCode } from '../../sys/errno.ts';
import type { ContainersContext } from '../context.ts';
import { createExec, startExec } from '../exec/exec-container.ts';
import type { ExecSession } from '../exec/exec-registry.ts';
import type { ContainerEntry } from '../registry.ts';
import type { ProbeOutcome } from './checks.ts';
import type { Check } from './config.ts';

/** Bytes of a check's output that are kept, as in moby; what is cut is marked by dots. */
const OUTPUT_LIMIT = 4096;
/** How often a command that took too long is killed until it has gone, and when that is given up. */
const KILL_EVERY_MS = 1000;
const GIVE_UP_MS = 10_000;

/** Runs a health check's command in its container. One that takes too long is killed, and counts as failed. */
export async function runProbe(
  context: ContainersContext,
  entry: ContainerEntry,
  check: Check,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const session = createExec(context, entry, {
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    ConsoleSize: [0, 0],
    DetachKeys: '',
    Tty: false,
    Env: [],
    Cmd: [...check.argv],
    Privileged: false,
    User: '',
    WorkingDir: '',
  });
  const sink = new OutputSink();
  const run = startExec(context, session, { consoleSize: [0, 0], openStream: () => sink });
  try {
    const inTime = await within(run, check.timeout, signal);
    if (!inTime) {
      await killUntilGone(session, run);
      const said = sink.text === '' ? '' : `: ${sink.text}`;
      const output = `Health check exceeded timeout (${goDuration(check.timeout * 1e6)})${said}`;
      return { exitCode: -1, output };
    }
  } finally {
    context.execs.forget(session);
  }
  return { exitCode: session.state.status === 'exited' ? session.state.exitCode : -1, output: sink.text };
}

/** False if it takes longer, or nobody waits any more. */
async function within(run: Promise<void>, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const giveUp = (): void => late.resolve(false);
  const timer = setTimeout(giveUp, Math.min(milliseconds, 2 ** 31 - 1)).unref();
  signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race([run.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

async function killUntilGone(session: ExecSession, run: Promise<void>): Promise<void> {
  killGroup(session);
  const again = setInterval(() => killGroup(session), KILL_EVERY_MS).unref();
  // How it ends now is of no interest: it has failed.
  const ended = run.catch(() => undefined);
  await within(ended, GIVE_UP_MS, new AbortController().signal);
  clearInterval(again);
}

/** The runtime makes an exec's process the leader of a session: its group is what it has started itself, in a pipe or so. */
function killGroup({ state }: ExecSession): void {
  if (state.status !== 'running' || state.pid <= 1) return;
  for (const target of [-state.pid, state.pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  }
}

/** Takes a session's frames and keeps the beginning of what they hold. */
class OutputSink extends Duplex {
  readonly #decoder = new FrameDecoder();
  readonly #kept: Buffer[] = [];
  #room = OUTPUT_LIMIT;
  #cut = false;

  get text(): string {
    return `${Buffer.concat(this.#kept).toString('utf8')}${this.#cut ? '...' : ''}`;
  }

  override _read(): void {
    // There is nothing to be said to the command.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    for (const { payload } of this.#decoder.push(chunk)) {
      if (payload.length > this.#room) this.#cut = true;
      if (this.#room > 0) this.#kept.push(Buffer.from(payload.subarray(0, this.#room)));
      this.#room = Math.max(0, this.#room - payload.length);
    }
    done();
  }

  override _final(done: (error?: Error) => void): void {
    this.push(null);
    done();
  }
}
