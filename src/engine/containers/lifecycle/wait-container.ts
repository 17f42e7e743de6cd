import { invalid } from '../../errors.ts';
import { isUp } from '../registry.ts';
import type { ContainerEntry, ExitReport } from '../registry.ts';

export const WAIT_CONDITIONS = ['not-running', 'next-exit', 'removed'] as const;
export type WaitCondition = (typeof WAIT_CONDITIONS)[number];

/** '' is `not-running`. @throws EngineError invalidParameter */
export function parseWaitCondition(text: string): WaitCondition {
  const condition = WAIT_CONDITIONS.find((known) => known === (text === '' ? 'not-running' : text));
  if (condition === undefined) throw invalid(`invalid condition: "${text}"`);
  return condition;
}

/**
 * Resolves when the condition comes true: at once for a container that has ended, with `not-running`. The listener is
 * in place when this returns, before the promise is awaited.
 *
 * @throws the signal's reason when aborted
 */
export function waitForContainer(
  entry: ContainerEntry,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ExitReport> {
  if (condition === 'not-running' && !isUp(entry.state)) {
    return Promise.resolve(lastExit(entry));
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      entry.events.off('exit', onExit);
      entry.events.off('removed', onRemoved);
      signal.removeEventListener('abort', onAbort);
    };
    const onExit = (report: ExitReport): void => {
      if (condition === 'removed') return;
      stop();
      resolve(report);
    };
    const onRemoved = (report: ExitReport): void => {
      stop();
      resolve(report);
    };
    const onAbort = (): void => {
      stop();
      reject(signal.reason as Error);
    };
    entry.events.on('exit', onExit);
    entry.events.on('removed', onRemoved);
    signal.addEventListener('abort', onAbort);
  });
}

function lastExit(entry: ContainerEntry): ExitReport {
  const { state } = entry;
  if (state.status === 'exited') return { exitCode: state.exitCode, error: state.error };
  if (state.status === 'created' && state.failure !== undefined) {
    return { exitCode: state.failure.exitCode, error: state.failure.error };
  }
  return { exitCode: 0, error: '' };
}
