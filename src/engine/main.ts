import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import { readEnvironment } from './environment.ts';
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
  let engine: Engine | undefined;

  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  const end = (whole: boolean): void => {
    const ended = engine === undefined ? Promise.resolve() : whole ? engine.shutdown() : engine.stop();
    // oxlint-disable-next-line unicorn/no-process-exit -- timers and streams of containers would hold it
    ended.then(() => process.exit(0), fail);
  };
  // Init sends SIGTERM for both, and says by a file that the machine powers off.
  process.once('SIGTERM', () => end(existsSync(join(environment.runDir, 'poweroff'))));
  process.once('SIGINT', () => end(false));
  process.once('SIGPWR', () => end(true));

  warmUp();
  const loaded = performance.now();
  await waitForGo(process.stdin);
  const go = performance.now();
  engine = await startEngine(environment, version, logToStderr);
  pushReadiness(environment.readyPort, { event: 'engine', version });
  // Since the process began: what a slow start was slow at.
  const milliseconds = {
    loaded: Math.round(loaded),
    go: Math.round(go),
    answer: Math.round(performance.now()),
  };
  logToStderr('info', 'the engine answers', { socket: environment.socket, version, milliseconds });
}
