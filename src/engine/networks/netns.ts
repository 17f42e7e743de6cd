import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '../sys/errno.ts';
import { MNT_DETACH, bindMount, unmount } from '../sys/mount.ts';
import { CLONE, setns, unshare } from '../sys/namespaces.ts';

/** The main thread's own; `/proc/thread-self` in a synchronous call is the main thread. */
const CURRENT = '/proc/thread-self/ns/net';

/**
 * Makes a network namespace that lives on as a file (a bind mount at `path`), without starting a process: the main
 * thread steps into a new one, pins it, lets `configure` work in it, and steps back. All of it is synchronous, so
 * nothing else of the engine ever runs inside.
 *
 * @throws SyscallError; nothing is left behind then
 */
export function createNetns(path: string, configure: () => void): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  try {
    away(() => {
      unshare(CLONE.NEWNET);
      bindMount(CURRENT, path);
      configure();
    });
  } catch (error) {
    removeNetns(path);
    throw error;
  }
}

/** As {@link createNetns}, of a namespace that is there: the file at `existing`. @throws SyscallError */
export function keepNetns(existing: string, path: string, configure: () => void): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  try {
    bindMount(existing, path);
    inNetns(path, configure);
  } catch (error) {
    removeNetns(path);
    throw error;
  }
}

/** Runs `work` with the main thread inside of a namespace; it must be synchronous. @throws SyscallError */
export function inNetns<T>(path: string, work: () => T): T {
  const fd = openSync(path, 'r');
  try {
    return away(() => {
      setns(fd, CLONE.NEWNET);
      return work();
    });
  } finally {
    closeSync(fd);
  }
}

/** Idempotent. The namespace itself ends with its last process. @throws SyscallError */
export function removeNetns(path: string): void {
  try {
    unmount(path, MNT_DETACH);
  } catch (error) {
    // EINVAL: a file that nothing is mounted on, as a crash between the two steps of createNetns leaves it.
    if (!hasCode(error, 'ENOENT', 'EINVAL')) throw error;
  }
  rmSync(path, { force: true });
}

function away<T>(work: () => T): T {
  const home = openSync(CURRENT, 'r');
  try {
    return work();
  } finally {
    returnTo(home);
    closeSync(home);
  }
}

function returnTo(home: number): void {
  try {
    setns(home, CLONE.NEWNET);
  } catch (error) {
    // Everything that the engine does next would happen in a container's network.
    process.stderr.write(`the engine can't leave a network namespace: ${String(error)}\n`);
    process.abort();
  }
}
