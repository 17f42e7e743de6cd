import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { bindMount } from './mount.ts';
import { spawnProcess } from './spawn.ts';

/** Ids 0 to size-1 of a user namespace are first to first+size-1 outside. */
export interface IdRange {
  readonly first: number;
  readonly size: number;
}

/**
 * Makes a user namespace and, owned by it, a network namespace, both held by bind mounts: only who is in the user
 * namespace that a network namespace belongs to has any capability there. It takes a process: unshare(2) of a user
 * namespace is not for a process of many threads, as Node is.
 *
 * @param pins files to mount them on
 * @throws Error, SyscallError
 */
export async function makeUserNamespace(
  range: IdRange,
  pins: { readonly user: string; readonly net: string },
): Promise<void> {
  const helper = spawnProcess('unshare', ['-U', '-n', 'cat'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(helper, 'close');
  ended.catch(() => undefined);
  try {
    await answers(helper, ended);
    const map = `0 ${range.first} ${range.size}\n`;
    for (const name of ['uid_map', 'gid_map']) writeFileSync(`/proc/${helper.pid}/${name}`, map);
    for (const kind of ['user', 'net'] as const) {
      writeFileSync(pins[kind], '', { mode: 0o644 });
      bindMount(`/proc/${helper.pid}/ns/${kind}`, pins[kind]);
    }
  } finally {
    helper.stdin?.end();
    await ended;
  }
}

/** Waits until the program repeats what it's told: then it is in its namespaces. */
async function answers(helper: ReturnType<typeof spawnProcess>, ended: Promise<unknown>): Promise<void> {
  let complaint = '';
  helper.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  helper.stdin?.on('error', () => undefined); // Its end tells.
  helper.stdin?.write('\n');
  const { stdout } = helper;
  if (stdout === null) throw new Error('unshare has no output');
  const failed = ended.then(() => {
    throw new Error(`no user namespace could be made: ${complaint.trim()}`);
  });
  await Promise.race([once(stdout, 'data'), failed]);
}
