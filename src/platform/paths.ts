import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { systemErrorCode } from '../core/errors.ts';
import { makeOwnerOnlyDirectory, notOurs } from './atomic-file.ts';

/** sun_path is 104 bytes on macOS and BSD, 108 on Linux, with the closing NUL counted. */
export const MAX_SOCKET_PATH_BYTES = 103;
/** A run directory leaves room for any file name up to this length. */
const LONGEST_SOCKET_NAME = 20;

export interface PathInputs {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly uid: number | undefined;
}

export function systemPathInputs(): PathInputs {
  return {
    platform: process.platform,
    env: process.env,
    homeDirectory: homedir(),
    uid: process.getuid?.(),
  };
}

/** Wherry's directory: `--storage-path` > `WHERRY_HOME` > `~/.wherry`, always absolute. */
export function wherryHome(inputs: PathInputs, storagePath?: string): string {
  const chosen = storagePath ?? inputs.env['WHERRY_HOME'];
  return chosen === undefined || chosen === '' ? join(inputs.homeDirectory, '.wherry') : resolve(chosen);
}

/**
 * Where a machine's sockets go: its own directory, or, where that would make a socket's path too long for the
 * operating system, a short directory that follows from the machine's directory alone. (XDG_RUNTIME_DIR is set
 * in some of a user's sessions and not in others, so a path under it would hide a running machine from cron.)
 */
export function runDirectoryFor(machineDirectory: string, inputs: PathInputs): string {
  if (inputs.platform === 'win32') return machineDirectory;
  const longest = Buffer.byteLength(machineDirectory) + 1 + LONGEST_SOCKET_NAME;
  if (longest <= MAX_SOCKET_PATH_BYTES) return machineDirectory;
  const hash = createHash('sha256').update(machineDirectory).digest('hex').slice(0, 16);
  return posix.join(sharedRunDirectory(inputs), hash);
}

function sharedRunDirectory(inputs: PathInputs): string {
  return `/tmp/wherry-${inputs.uid ?? 'user'}`;
}

/** Makes a run directory, each level of it owner-only. Error: `DIRECTORY_NOT_OURS`. */
export async function makeRunDirectory(runDirectory: string, inputs: PathInputs): Promise<void> {
  await requireOwnRunDirectory(runDirectory, inputs);
  await makeOwnerOnlyDirectory(runDirectory);
}

/**
 * To be called before anything in a run directory is believed or connected to. Where that is a place which all users of
 * this computer share, another one may have made it first, with sockets and files in it. One that isn't there is
 * made: nobody else can put theirs in its place any more (/tmp is sticky). Error: `DIRECTORY_NOT_OURS`.
 */
export async function requireOwnRunDirectory(
  runDirectory: string,
  inputs: PathInputs,
  owner: number | undefined = inputs.uid,
): Promise<void> {
  const shared = sharedRunDirectory(inputs);
  if (!runDirectory.startsWith(`${shared}/`)) return;
  for (const level of [shared, runDirectory]) {
    await mkdir(level, { mode: 0o700 }).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    });
    const found = await lstat(level);
    const isOwn = found.isDirectory() && found.uid === owner;
    if (!isOwn || (found.mode & 0o022) !== 0) throw notOurs(level);
  }
}

/**
 * The address that a local server called `file` listens on: a unix socket in the run directory, or on Windows a
 * named pipe. The pipe of the default home is `\\.\pipe\wherry-NAME`, as people type it; another home's carries a hash.
 */
export function localAddress(
  where: { readonly machine: string; readonly home: string; readonly runDirectory: string },
  file: string,
  inputs: PathInputs,
): string {
  if (inputs.platform !== 'win32') return posix.join(where.runDirectory, file);
  const isDefault = where.home === join(inputs.homeDirectory, '.wherry');
  const hash = createHash('sha256').update(where.home.toLowerCase()).digest('hex').slice(0, 8);
  const base = isDefault ? `wherry-${where.machine}` : `wherry-${hash}-${where.machine}`;
  return file === 'docker.sock'
    ? `\\\\.\\pipe\\${base}`
    : `\\\\.\\pipe\\${base}-${file.replace(/\.sock$/, '')}`;
}
