import { constants } from 'node:os';
import { interrupted } from './base-command.ts';

/** So many SIGINT or SIGTERM end the command itself. */
const PATIENCE = 3;

let taken = 0;

/**
 * The first SIGINT or SIGTERM aborts the running command (which leaves a state that the next one can work from); a
 * second one ends the process at once.
 */
export function interruptOnSignals(): void {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => {
      if (taken > 0) return;
      if (interrupted.signal.aborted) process.exit(status);
      process.exitCode = status;
      interrupted.abort();
    });
  }
}

/** While a container has the signals (docker's --sig-proxy), they don't end the command. @returns gives them back */
export function takeSignals(handler: (signal: NodeJS.Signals) => void): () => void {
  const names: readonly NodeJS.Signals[] =
    process.platform === 'win32'
      ? ['SIGINT', 'SIGTERM']
      : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
  taken += 1;
  let asked = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') asked += 1;
    // A container whose first process ignores the signal would hold the terminal for ever: docker gives up at the third.
    if (asked >= PATIENCE) process.exit(128 + constants.signals[signal]);
    handler(signal);
  };
  for (const name of names) process.on(name, onSignal);
  return () => {
    taken -= 1;
    for (const name of names) process.off(name, onSignal);
  };
}
