import path, { posix } from 'node:path';
import { copyError, parseCopyArgument } from '../../copy/argument.ts';
import { localDestination, localPath, localSource } from '../../copy/local.ts';
import { packLocal } from '../../copy/pack.ts';
import { splitEntry, type PathStyle } from '../../copy/path-ends.ts';
import { planCopy, type CopySource } from '../../copy/plan.ts';
import { unpackLocal } from '../../copy/unpack.ts';
import { RemoteEnd, type OpenShell } from './remote-end.ts';
import type { CopiedArchive } from './whole-archive.ts';

export interface ScpRequest {
  readonly from: string;
  readonly to: string;
  readonly recursive: boolean;
  /** Told of what can't be made on this computer. */
  readonly skipped: (name: string) => void;
  readonly signal: AbortSignal;
}

/**
 * `machine scp`: a file, or with `recursive` a directory, from or to a machine, or between two. What is copied gets its own
 * name in a directory that is there, the destination's name otherwise; it belongs to who unpacks it.
 *
 * @throws WherryError in scp's words
 */
export async function copyBetween(
  request: ScpRequest,
  shellOf: (machine: string) => OpenShell,
): Promise<void> {
  const end = (argument: string) => endOf(argument, shellOf, request.signal);
  const [from, to] = [end(request.from), end(request.to)];
  if (typeof from === 'string' && typeof to === 'string') {
    throw copyError(`neither "${request.from}" nor "${request.to}" is of a machine (NAME:PATH)`);
  }
  const source = await (typeof from === 'string' ? sourceHere(from) : sourceThere(from, request.from));
  if (source.isDirectory && !request.recursive) {
    throw copyError(`scp: ${request.from}: not a regular file (directories need -r)`);
  }
  if (typeof to === 'string') {
    const destination = await localDestination(localPath(to));
    const { directory, rename } = planCopy(source, destination, { source: source.style, destination: path });
    const within = source.isDirectory ? membersBelow(source.name) : () => latin1(source.name);
    await unpackLocal(source.pack(), directory, (name) => rename(within(name)), request.skipped);
    return;
  }
  const destination = await to.destination();
  planCopy(source, destination, { source: source.style, destination: posix });
  const target = splitEntry(destination.path, posix);
  const inside = destination.exists && destination.isDirectory;
  await to.unpack(
    source,
    inside ? posix.join(destination.path, source.name) : posix.join(target.directory, target.base),
  );
}

/** With the name that it has where it gets its own: `.` for what is in a directory. */
type Source = CopySource & CopiedArchive & { readonly name: string; readonly style: PathStyle };

async function sourceHere(given: string): Promise<Source> {
  const source = await localSource(localPath(given), true);
  const { base } = splitEntry(source.path, path);
  const member = source.isDirectory ? '.' : latin1(base);
  return {
    ...source,
    name: source.rebaseName === '' ? base : source.rebaseName,
    style: path,
    pack: () => packLocal(source.path, member, (name) => name),
  };
}

async function sourceThere(end: RemoteEnd, given: string): Promise<Source> {
  const source = await end.source();
  const { base } = splitEntry(source.path, posix);
  if (base === '..') throw copyError(`scp: ${given}: it has no name; for what is in it: ${given}/.`);
  return { ...source, rebaseName: '', name: base, style: posix };
}

/** Members of `.` as members of a directory `base`, whatever a machine calls them. */
function membersBelow(base: string): (name: string) => string {
  return (name) => `${latin1(base)}${posix.normalize(`/${name}`)}`;
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** `[root@]NAME:PATH`, or a path of this computer's. */
function endOf(
  argument: string,
  shellOf: (machine: string) => OpenShell,
  signal: AbortSignal,
): string | RemoteEnd {
  const { container, path: at } = parseCopyArgument(argument);
  if (container === '') return at;
  const [, user, machine = ''] = /^(?:([^@]*)@)?(.*)$/.exec(container) ?? [];
  if (user !== undefined && user !== 'root') {
    throw copyError(`"${argument}": machines have no account "${user}", only root`);
  }
  return new RemoteEnd(shellOf(machine), machine, at, signal);
}
