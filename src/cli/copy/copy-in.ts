import path from 'node:path';
import { Readable } from 'node:stream';
import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import type { Terminal } from '../streams/terminal.ts';
import { copyError } from './argument.ts';
import { containerStat, isDirectory, isSymlink, unfitDestination } from './container-path.ts';
import type { CopyOptions } from './copy-out.ts';
import { counted } from './counted.ts';
import { localPath, localSource } from './local.ts';
import { packLocal } from './pack.ts';
import { splitEntry } from './path-ends.ts';
import { planCopy, renaming } from './plan.ts';
import type { CopyDestination } from './plan.ts';

/**
 * `cp SOURCE CONTAINER:DESTINATION`; `-` is a tar archive on stdin, which needs a directory to be unpacked in.
 *
 * @returns what to tell the user: how many bytes went where
 */
export async function copyToContainer(
  engine: EngineClient,
  from: string,
  to: { readonly container: string; readonly path: string },
  options: CopyOptions & { readonly archive: boolean },
  terminal: Terminal,
): Promise<{ readonly bytes: number; readonly target: string }> {
  const destination = await containerDestination(engine, to);
  const bytes = { count: 0 };
  const upload = async (directory: string, body: AsyncIterable<Buffer>): Promise<void> => {
    const answer = await engine.stream('PUT', apiPath`/containers/${to.container}/archive`, {
      query: { path: directory, noOverwriteDirNonDir: true, copyUIDGID: options.archive ? true : undefined },
      body: Readable.from(counted(body, bytes), { objectMode: false }),
    });
    answer.resume();
  };
  if (from === '-') {
    if (!destination.isDirectory)
      throw copyError(`destination "${to.container}:${to.path}" must be a directory`);
    await upload(destination.path, terminal.stdin as AsyncIterable<Buffer>);
  } else {
    const source = await localSource(localPath(from), options.follow);
    const plan = planCopy(source, destination, { source: path, destination: path.posix });
    const { base } = splitEntry(source.path, path);
    const original = source.rebaseName === '' ? (name: string) => name : renaming(base, source.rebaseName);
    await upload(
      plan.directory,
      packLocal(source.path, base, (name) => plan.rename(original(name))),
    );
  }
  return { bytes: bytes.count, target: `${to.container}:${destination.path}` };
}

async function containerDestination(
  engine: EngineClient,
  to: { readonly container: string; readonly path: string },
): Promise<CopyDestination> {
  let target = to.path;
  let stat = await containerStat(engine, to.container, target);
  if (stat !== undefined && isSymlink(stat)) {
    target = stat.linkTarget;
    stat = await containerStat(engine, to.container, target);
  }
  // What can't be seen may still be made, in a directory that is there: the engine will say.
  if (stat === undefined) return { path: target, exists: false, isDirectory: false };
  const unfit = unfitDestination(stat);
  if (unfit !== undefined) {
    throw copyError(
      `destination "${to.container}:${to.path}" must be a directory or a regular file: ${unfit}`,
    );
  }
  return { path: target, exists: true, isDirectory: isDirectory(stat) };
}
