import './validation.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import { readEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { errorFields, logToStderr } from './log.ts';
import { pushReadiness } from './readiness.ts';
import { waitForGo } from './seam.ts';
import { warmUp } from './sys/ffi.ts';

function fail(error: unknown): void {
  logToStderr('error', 'the engine ends', errorFields(error));
  // oxlint-disable-next-line unicorn/no-process-exit -- init starts a new engine, which takes over the containers
  process.exit(1);
}

/** The engine as a process of the guest's. Whoever loads the bundle calls this: loading alone does nothing. */
export async function main(): Promise<void> {
  const version = process.env['WHERRY_VERSION'] ?? '0.0.0-dev';
  const environment = readEnvironment(process.env);
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  // 0 is kept for an end on request: init counts the others, where the engine didn't come to listen.
  process.exitCode = 1;

  warmUp();
  const loaded = performance.now();
  waitForGo(0);
  const go = performance.now();

  const engine = await startEngine(environment, version, logToStderr);
  pushReadiness(environment.readyPort, { event: 'engine', version });
  endOnSignals(engine, environment);
  // Since the process began: what a slow start was slow at.
  const milliseconds = {
    loaded: Math.round(loaded),
    go: Math.round(go),
    answer: Math.round(performance.now()),
  };
  logToStderr('info', 'the engine answers', { socket: environment.socket, version, milliseconds });
}

/** Until now a signal ended the process as it does any other: there was nothing yet that wanted an orderly end. */
function endOnSignals(engine: Engine, { runDir }: Environment): void {
  const end = (whole: boolean): void => {
    // oxlint-disable-next-line unicorn/no-process-exit -- timers and streams of containers would hold it
    (whole ? engine.shutdown() : engine.stop()).then(() => process.exit(0), fail);
  };
  // Init sends SIGTERM for both, and says by a file that the machine powers off.
  process.once('SIGTERM', () => end(existsSync(join(runDir, 'poweroff'))));
  process.once('SIGINT', () => end(false));
  process.once('SIGPWR', () => end(true));
}
