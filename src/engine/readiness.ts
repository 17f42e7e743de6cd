import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { ReadinessLine } from '../protocol/boot/readiness.ts';
import { hasCode } from './sys/errno.ts';

/**
 * Writes a line to the readiness port. Never waits for a reader: init holds the port open, and where nobody does
 * (ENXIO) or there is none (ENOENT), nobody waits for the line.
 */
export function pushReadiness(port: string, line: ReadinessLine): void {
  let fd: number;
  try {
    fd = openSync(port, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENXIO')) return;
    throw error;
  }
  try {
    writeSync(fd, `${JSON.stringify(line)}\n`);
  } finally {
    closeSync(fd);
  }
}
