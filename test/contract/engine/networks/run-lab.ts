import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianTools } from '../../../helpers/debian-tools.ts';

/**
 * Runs a program of the tests, as root, in network and mount namespaces of its own, with Debian's nftables and iproute2.
 * It gets a directory as its argument, and prints what it finds as JSON in its last line.
 *
 * @throws Error if it takes longer than `timeoutMs`
 */
export async function runLab<T = unknown>(program: string, timeoutMs = 60_000): Promise<Record<string, T>> {
  const { binDir } = await debianTools(['nftables', 'iproute2']);
  const directory = await mkdtemp(join(tmpdir(), 'wherry-lab-'));
  try {
    const { stdout } = await promisify(execFile)(
      'unshare',
      ['--net', '--mount', '--propagation', 'private', process.execPath, program, directory],
      { env: { ...process.env, PATH: `${binDir}:${process.env['PATH'] ?? ''}` }, timeout: timeoutMs },
    );
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, T>;
  } finally {
    await rm(directory, { recursive: true });
  }
}
