import path, { posix } from 'node:path';
import { copyError, parseCopyArgument } from '../../copy/argument.ts';
import { localDestination, localPath, localSource } from '../../copy/local.ts';
import { packLocal } from '../../copy/pack.ts';
import { splitEntry } from '../../copy/path-ends.ts';
import { planCopy, type CopySource } from '../../copy/plan.ts';
import { unpackLocal } from '../../copy/unpack.ts';
import { RemoteEnd, type OpenShell } from './remote-end.ts';

export interface ScpRequest {
  readonly from: string;
  readonly to: string;
  readonly recursive: boolean;
  /** Told of what can't be made on this computer. */
  readonly skipped: (name: string) => void;
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
  const [from, to] = [endOf(request.from, shellOf), endOf(request.to, shellOf)];
  if (typeof from === 'string' && typeof to === 'string') {
    throw copyError(`neither "${request.from}" nor "${request.to}" is of a machine (NAME:PATH)`);
  }
  const source =
    typeof from === 'string'
      ? await localSource(localPath(from), true)
      : { ...(await from.source()), rebaseName: '' };
  if (source.isDirectory && !request.recursive) {
    throw copyError(`scp: ${request.from}: not a regular file (directories need -r)`);
  }
  const style = typeof from === 'string' ? path : posix;
  const { base } = splitEntry(source.path, style);
  if (typeof to === 'string') {
    const destination = await localDestination(localPath(to));
    const plan = planCopy(source, destination, { source: style, destination: path });
    await unpackLocal(packed(from, source, base, base), plan.directory, plan.rename, request.skipped);
    return;
  }
  const destination = await to.destination();
  planCopy(source, destination, { source: style, destination: posix });
  const name = source.rebaseName === '' ? base : source.rebaseName;
  const target = splitEntry(destination.path, posix);
  const inside = destination.exists && destination.isDirectory;
  const place = inside ? destination.path : target.directory;
  await to.unpack(packed(from, source, base, name), place, name, inside ? name : target.base);
}

/** The source's archive, its members named below `name`. */
function packed(
  from: string | RemoteEnd,
  source: CopySource,
  base: string,
  name: string,
): AsyncGenerator<Buffer> {
  if (typeof from !== 'string') return from.pack();
  const [before, after] = [base, name].map((each) => Buffer.from(each).toString('latin1'));
  return packLocal(source.path, base, (member) => member.replace(before ?? '', () => after ?? ''));
}

/** `[root@]NAME:PATH`, or a path of this computer's. */
function endOf(argument: string, shellOf: (machine: string) => OpenShell): string | RemoteEnd {
  const { container, path: at } = parseCopyArgument(argument);
  if (container === '') return at;
  const [, user, machine = ''] = /^(?:([^@]*)@)?(.*)$/.exec(container) ?? [];
  if (user !== undefined && user !== 'root') {
    throw copyError(`"${argument}": machines have no account "${user}", only root`);
  }
  return new RemoteEnd(shellOf(machine), machine, at);
}
