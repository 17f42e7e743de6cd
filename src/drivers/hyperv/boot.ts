import { createWriteStream } from 'node:fs';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import type { ReadinessEvent, ReadinessLine } from '../../protocol/boot/readiness.ts';
import type { MachineSpec, RunningVm, StartOptions } from '../driver.ts';
import { bootError, type BootFailure } from '../guest/boot-error.ts';
import { panicReason } from '../guest/console-log.ts';
import { connectComPort, PortClosed, readGuest } from './com-port.ts';
import type { HypervHost } from './host.ts';
import { pipesOf } from './names.ts';
import { runningVm } from './vm-state.ts';

/**
 * Follows a VM that was just powered on through its COM ports: the console into its log, the readiness lines up to
 * `engine`. Ends nothing; whoever called does. Error: `BOOT_FAILED`, `COM_PORT_DENIED`.
 */
export async function followBoot(
  host: HypervHost,
  spec: MachineSpec,
  options: Pick<StartOptions, 'signal' | 'onLine' | 'timeoutMs'> & {
    /** Done before the `ssh` line is passed on: whoever hears that line connects. */
    readonly onAddress: (address: string) => Promise<void>;
  },
): Promise<RunningVm> {
  const pipes = pipesOf(host, spec);
  const done = new AbortController();
  const patience = AbortSignal.any([done.signal, AbortSignal.timeout(options.timeoutMs)]);
  const signal = AbortSignal.any([options.signal, patience]);
  const console = copyConsole(host, spec, pipes.console, signal);
  let lastEvent: ReadinessEvent | undefined;
  let address: string | undefined;
  let told = Promise.resolve();
  const tell = async (line: ReadinessLine): Promise<void> => {
    if (line.event === 'ssh' && line.address !== undefined) await options.onAddress(line.address);
    options.onLine(line);
  };
  const fail = async (failure: BootFailure): Promise<Error> => {
    done.abort(new Error('the boot is decided'));
    await console;
    return bootError(spec, failure, lastEvent);
  };
  try {
    const ready = await connectComPort(host, pipes.ready, signal);
    const last = await readAndClose(ready, host, signal, (line) => {
      if (line.event !== 'failed') lastEvent = line.event;
      if (line.event === 'ssh') ({ address } = line);
      told = told.then(() => tell(line));
      // Awaited below; a boot that fails first has an error of its own.
      told.catch(() => undefined);
    });
    await told;
    if (last.event === 'failed') throw await fail({ kind: 'unit', unit: last.unit, message: last.message });
    if (address === undefined)
      throw await fail({ kind: 'unit', unit: 'network', message: 'the guest told no address' });
    return runningVm(address);
  } catch (error) {
    options.signal.throwIfAborted();
    if (patience.aborted && !done.signal.aborted)
      throw await fail({ kind: 'timeout', timeoutMs: options.timeoutMs });
    if (!(error instanceof PortClosed)) throw error;
    await console;
    const panic = await panicReason(spec.consoleLog);
    const how = panic === undefined ? 'the guest went down' : `its kernel panicked: ${panic}`;
    throw await fail({ kind: 'exit', how });
  } finally {
    done.abort(new Error('the boot is decided'));
    await console;
  }
}

async function readAndClose(
  socket: Socket,
  host: HypervHost,
  signal: AbortSignal,
  onLine: (line: ReadinessLine) => void,
): Promise<ReadinessLine> {
  try {
    return await readGuest(socket, {
      clock: host.clock,
      signal,
      onLine,
      isLast: ({ event }) => event === 'engine' || event === 'failed',
    });
  } finally {
    socket.destroy();
  }
}

/** COM 1 into the console's log, until the pipe closes or `signal`. A console that can't be had doesn't end a boot. */
async function copyConsole(
  host: HypervHost,
  spec: MachineSpec,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const log = createWriteStream(spec.consoleLog, { flags: 'a', mode: 0o600 });
  const end = (): void => void log.end();
  log.once('error', end);
  try {
    const socket = await connectComPort(host, path, signal);
    const abort = (): void => void socket.destroy();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => log.write(chunk));
      socket.on('error', (error) => log.write(`\n[wherry] the console was lost: ${error.message}\n`));
      socket.once('close', () => resolve());
    });
    signal.removeEventListener('abort', abort);
  } catch (error) {
    if (!signal.aborted) log.write(`[wherry] no console: ${String(error)}\n`);
  } finally {
    end();
    await finished(log).catch(() => undefined);
  }
}
