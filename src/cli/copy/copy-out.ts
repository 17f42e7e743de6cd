import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import type { Terminal } from '../streams/terminal.ts';
import { containerStat, isDirectory, isSymlink, statOf } from './container-path.ts';
import { counted } from './counted.ts';
import { checkOutputPath, localDestination, localPath, rebased } from './local.ts';
import { splitEntry } from './path-ends.ts';
import { planCopy, renaming } from './plan.ts';
import { unpackLocal } from './unpack.ts';

export interface CopyOptions {
  /** Follow a link that is the source itself. */
  readonly follow: boolean;
}

/**
 * `cp CONTAINER:SOURCE DESTINATION`; `-` is a tar archive on stdout.
 *
 * @returns what to tell the user: how many bytes went where; undefined where they went to stdout
 */
export async function copyFromContainer(
  engine: EngineClient,
  from: { readonly container: string; readonly path: string },
  to: string,
  options: CopyOptions,
  terminal: Terminal,
): Promise<{ readonly bytes: number; readonly target: string } | undefined> {
  const target = to === '-' ? to : localPath(to);
  if (to !== '-') await checkOutputPath(target);
  const source = options.follow ? await followed(engine, from) : { path: from.path, rebaseName: '' };
  const answer = await engine.stream('GET', apiPath`/containers/${from.container}/archive`, {
    query: { path: source.path },
  });
  if (to === '-') {
    await pipeline(answer, terminal.stdout, { end: false });
    return undefined;
  }
  const destination = await localDestination(target);
  const info = { ...source, isDirectory: isDirectory(statOf(answer)) };
  const plan = planCopy(info, destination, { source: path.posix, destination: path });
  // The engine names members by the path that it was asked for.
  const { base } = splitEntry(source.path, path.posix);
  const original = source.rebaseName === '' ? (name: string) => name : renaming(base, source.rebaseName);
  const bytes = { count: 0 };
  await unpackLocal(
    counted(answer, bytes),
    plan.directory,
    (name) => plan.rename(original(name)),
    (name) => terminal.stderr.write(`Skipped ${name}: devices and FIFOs can't be made on this computer\n`),
  );
  return { bytes: bytes.count, target };
}

/** Where a link of the container leads, as docker follows it: the last of the path only; what can't be seen stays. */
async function followed(engine: EngineClient, from: { readonly container: string; readonly path: string }) {
  const stat = await containerStat(engine, from.container, from.path);
  if (stat === undefined || !isSymlink(stat)) return { path: from.path, rebaseName: '' };
  return rebased(from.path, stat.linkTarget, path.posix);
}
