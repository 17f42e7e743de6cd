import { fstatSync, readSync } from 'node:fs';
import type { OpenLog } from './files.ts';

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Where, in each of a log's files (oldest first), the last `count` complete lines begin; a file's own size where none of
 * them is in it.
 */
export function startOfLast(logs: readonly OpenLog[], count: number | undefined): number[] {
  if (count === undefined) return logs.map(() => 0);
  const starts: number[] = [];
  let left = count;
  for (const log of logs.toReversed()) {
    const found = left === 0 ? { start: fstatSync(log.fd).size, lines: 0 } : lastLines(log, left);
    starts.unshift(found.start);
    left -= found.lines;
  }
  return starts;
}

/** The offset at which the last lines begin, no more than `count` of them, and how many they are. */
function lastLines(log: OpenLog, count: number): { start: number; lines: number } {
  const { size } = fstatSync(log.fd);
  const buffer = Buffer.alloc(BLOCK);
  let end = size;
  // Each newline closes a line, so that the line's beginning is known when the next one, backwards, is found.
  let lines = 0;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const length = readSync(log.fd, buffer, 0, end - start, start);
    for (let at = length - 1; at >= 0; at -= 1) {
      if (buffer[at] !== NEWLINE) continue;
      if (lines === count) return { start: start + at + 1, lines };
      lines += 1;
    }
    end = start;
  }
  return { start: 0, lines };
}
