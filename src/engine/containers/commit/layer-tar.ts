import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { EMPTY_FILE } from '../../../core/tar/member.ts';
import { END_MARK, memberBytes } from '../../../core/tar/writer.ts';
import { invalid } from '../../errors.ts';
import type { Rootfs } from '../../images/contract.ts';
import { readAttributes } from '../../sys/open-file-attributes.ts';
import { archiveTree, directoryMember } from '../files/archive-tree.ts';
import type { Links } from '../files/archive-tree.ts';
import { differs } from '../files/changes.ts';
import {
  childOf,
  isOpaque,
  isRuntimes,
  isWhiteout,
  lstatIn,
  namesIn,
  openDirectory,
  openLowers,
  unlessGone,
} from '../files/overlay.ts';

/**
 * A container's own layer as an image has it (OCI image-spec v1.1, layer.md): overlayfs's marks become whiteouts, names
 * come in the order of their bytes, and directories that are only on the way to a change stand before it. Mount points
 * that the runtime made, and what the image has just so, are left out: of a container that changed nothing, only the
 * end mark remains.
 *
 * @param ids what the archive says for a user or group id
 * @throws EngineError invalidParameter for a name that a layer can't have; Error where a file shrinks meanwhile
 */
export async function* layerTar(rootfs: Rootfs, ids: (id: number) => number): AsyncGenerator<Buffer> {
  const upper = await openDirectory(rootfs.upper);
  const lower = await openLowers(rootfs.lowers);
  try {
    const told = differs(await upper.stat(), await lower.stat());
    yield* directoryOnceNeeded({ upper, lower, path: '', ids, links: new Map() }, './', told);
  } finally {
    await upper.close();
    await lower.close();
  }
  yield Buffer.from(END_MARK);
}

/** One directory of the container's own layer, and what shows through it of the image. */
interface Pair {
  readonly upper: FileHandle;
  readonly lower: FileHandle | undefined;
  /** From the root, one character a byte, with a slash at its end; '' is the root. */
  readonly path: string;
  readonly ids: (id: number) => number;
  readonly links: Links;
}

/** A directory's header comes when it is a change itself, or else before the first change in it. */
async function* directoryOnceNeeded(pair: Pair, as: string, isChange: boolean): AsyncGenerator<Buffer> {
  const head = await directoryMember(pair.upper, as, pair.ids);
  let told = isChange;
  if (told) yield head;
  for await (const piece of contents(pair)) {
    if (!told) yield head;
    told = true;
    yield piece;
  }
}

async function* contents(pair: Pair): AsyncGenerator<Buffer> {
  const { upper, lower, path, ids, links } = pair;
  const names = await namesIn(upper);
  for (const name of names.sort((a, b) => a.compare(b))) {
    const as = path + name.toString('latin1');
    if (name.toString('latin1').startsWith('.wh.')) {
      throw invalid(
        `/${Buffer.from(as, 'latin1').toString('utf8')} can't be in an image: names that begin with ".wh." mean removals there. Rename or remove it, then commit again`,
      );
    }
    const now = await lstatIn(upper, name);
    if (now === undefined) continue;
    const before = lower === undefined ? undefined : await lstatIn(lower, name);
    if (isWhiteout(now)) {
      if (before !== undefined) yield whiteout(`${path}.wh.${name.toString('latin1')}`);
    } else if (now.isDirectory()) {
      yield* directory(pair, name, now, before);
    } else if (before !== undefined || !isRuntimes(`/${as}`, now, false)) {
      yield* archiveTree(upper, name, as, ids, links);
    }
  }
}

async function* directory(
  pair: Pair,
  name: Buffer,
  now: Stats,
  before: Stats | undefined,
): AsyncGenerator<Buffer> {
  const upper = await unlessGone(openDirectory(childOf(pair.upper, name)));
  if (upper === undefined) return;
  const merges = before?.isDirectory() === true && pair.lower !== undefined;
  const lower = merges ? await unlessGone(openDirectory(childOf(pair.lower, name))) : undefined;
  try {
    const as = pair.path + name.toString('latin1');
    const hidesLower = lower !== undefined && isOpaque(upper);
    const isChange =
      before === undefined
        ? !isRuntimes(`/${as}`, now, true)
        : lower === undefined || hidesLower || differs(now, before) || !sameAttributes(upper, lower);
    const below = { ...pair, upper, lower: hidesLower ? undefined : lower, path: `${as}/` };
    if (hidesLower) {
      yield await directoryMember(upper, as, pair.ids);
      yield whiteout(`${as}/.wh..wh..opq`);
      yield* contents(below);
    } else {
      yield* directoryOnceNeeded(below, as, isChange);
    }
  } finally {
    await upper.close();
    await lower?.close();
  }
}

function sameAttributes(one: FileHandle, other: FileHandle): boolean {
  const [some, others] = [readAttributes(one.fd), readAttributes(other.fd)];
  return (
    some.size === others.size && [...some].every(([name, value]) => others.get(name)?.equals(value) === true)
  );
}

/** An empty file, nobody's in particular. */
function whiteout(name: string): Buffer {
  return memberBytes({ ...EMPTY_FILE, name });
}
