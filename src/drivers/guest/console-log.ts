import { access, open, rename } from 'node:fs/promises';
import { systemErrorCode } from '../../core/errors.ts';

/** Sets the last run's console aside as `PATH.1`: each boot has a log of its own. */
export async function rotateLog(path: string): Promise<void> {
  try {
    await rename(path, `${path}.1`);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/** Whether the machine was ever powered on. */
export async function hasLog(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

const TAIL_BYTES = 16_384;

/** The last `count` non-empty lines of a log, terminal escapes removed; none where there is no log. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  return (await tailLines(path)).slice(-count);
}

/**
 * What a panicking kernel printed before its registers and stack (kernel/panic.c, vpanic), or undefined. Without a
 * device of its own for it in the image, the console is the only place where a panic differs from a power-off.
 */
export async function panicReason(path: string): Promise<string | undefined> {
  for (const line of await tailLines(path)) {
    const match = /Kernel panic - not syncing: (.*)/.exec(line);
    if (match !== null) return match[1];
  }
  return undefined;
}

async function tailLines(path: string): Promise<string[]> {
  try {
    const lines = (await readTail(path)).split(/\r?\n/).map(plain);
    return lines.filter((line) => line.trim() !== '');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readTail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** ECMA-48 control sequences and other control characters: a console's log must not drive the user's terminal. */
function plain(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f]/g, '');
}
