import { appendFileSync, renameSync, statSync } from 'node:fs';
import { systemErrorCode } from '../core/errors.ts';
import { systemClock, type Clock } from './clock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** A log of JSON lines: `{"time":"…","level":"info","message":"…", …fields}`. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export function createLog(write: (line: string) => void, clock: Clock = systemClock): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...fields })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Appends to an owner-only file; one that has grown past `maxBytes` is first set aside as `PATH.1`. */
export function openLogFile(path: string, maxBytes = 1024 * 1024, clock: Clock = systemClock): Log {
  if (sizeOf(path) > maxBytes) renameSync(path, `${path}.1`);
  // Synchronous on purpose: the line that explains a crash must be on disk before the process goes.
  return createLog((line) => appendFileSync(path, line, { mode: 0o600 }), clock);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

export const silentLog: Log = createLog(() => {});
