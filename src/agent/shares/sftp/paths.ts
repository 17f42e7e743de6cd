import {
  chmod,
  constants,
  link,
  lstat,
  lutimes,
  mkdir,
  readlink,
  rename,
  rmdir,
  statfs,
  symlink,
  unlink,
} from 'node:fs/promises';
import { attributesOf, readAttributes } from './attributes.ts';
import { openPlain } from './files.ts';
import { REPEATED } from '../../../protocol/agent/repeated.ts';
import { isRepeatedMode } from './guest-view.ts';
import { absent, done, isRepeatedChange, requireWritable, SETTABLE, type Request } from './request.ts';
import { FXP, string, uint32, uint64 } from './wire.ts';

/** Symlinks aren't followed, whichever of the two is asked for: the guest does that. */
export const lookUp: Request = async (context, message) => {
  const path = message.text();
  const ghost = context.view.ghost(path);
  if (ghost !== undefined) return { type: FXP.ATTRS, fields: [attributesOf(ghost, context.user)] };
  const stats = await lstat(await context.tree.resolve(path, true));
  if (context.view.isHidden(path)) throw absent(path);
  context.view.saw(path, stats);
  return { type: FXP.ATTRS, fields: [attributesOf(stats, context.user)] };
};

export const setOnPath: Request = async (context, message) => {
  const path = message.text();
  const wanted = readAttributes(message);
  if (isRepeatedChange(wanted)) return done;
  requireWritable(context);
  const { size, mode, atime, mtime } = wanted;
  context.view.changed(path);
  if (size !== undefined) {
    const file = await openPlain(await context.tree.resolve(path), constants.O_WRONLY, undefined);
    try {
      await file.truncate(size);
    } finally {
      await file.close();
    }
  }
  if (mode !== undefined) {
    const { there } = await context.tree.resolvePlain(path);
    await chmod(there, mode & SETTABLE);
  }
  if (atime !== undefined && mtime !== undefined) {
    await lutimes(await context.tree.resolve(path), atime, mtime);
  }
  context.view.changed(path);
  return done;
};

export const remove: Request = async (context, message) => {
  const path = message.text();
  if (context.view.takeGhost(path)) return done;
  requireWritable(context);
  context.view.changed(path);
  await unlink(await context.tree.resolveMovable(path));
  return done;
};

export const removeDirectory: Request = async (context, message) => {
  const path = message.text();
  if (context.view.takeGhost(path)) return done;
  requireWritable(context);
  context.view.changed(path);
  await rmdir(await context.tree.resolveMovable(path));
  return done;
};

export const makeDirectory: Request = async (context, message) => {
  const path = message.text();
  const { mode } = readAttributes(message);
  if (isRepeatedMode(mode)) {
    context.view.reveal(path);
    await context.tree.resolvePlain(path);
    return done;
  }
  requireWritable(context);
  context.view.changed(path);
  await mkdir(await context.tree.resolve(path), (mode ?? 0o777) & SETTABLE);
  return done;
};

export const move: Request = async (context, message) => {
  const [from, to] = [message.text(), message.text()];
  if (context.view.takeMove(from, to)) return done;
  requireWritable(context);
  context.view.changed(from, to);
  await rename(await context.tree.resolveMovable(from), await context.tree.resolveMovable(to));
  return done;
};

export const makeLink: Request = async (context, message) => {
  // OpenSSH's order, which everybody follows, isn't the draft's (OpenSSH's PROTOCOL §4.1).
  const target = message.text();
  const path = message.text();
  if (target === REPEATED.target) {
    context.view.reveal(path);
    return done;
  }
  requireWritable(context);
  context.view.changed(path);
  await symlink(target, await context.tree.resolve(path));
  return done;
};

export const readLink: Request = async (context, message) => {
  const target = await readlink(await context.tree.resolve(message.text()));
  return { type: FXP.NAME, fields: [uint32(1), string(target), string(''), uint32(0)] };
};

export const realPath: Request = async (_context, message) => {
  const names = message
    .text()
    .split('/')
    .filter((name) => name !== '' && name !== '.');
  return { type: FXP.NAME, fields: [uint32(1), string(`/${names.join('/')}`), string(''), uint32(0)] };
};

export const makeHardLink: Request = async (context, message) => {
  const [from, to] = [message.text(), message.text()];
  requireWritable(context);
  // Some systems would make a link of what a symlink leads to.
  const { there } = await context.tree.resolvePlain(from);
  context.view.changed(to);
  await link(there, await context.tree.resolve(to));
  return done;
};

/** Bytes in a name, as Linux, macOS and Windows all have it, give or take an encoding. */
const LONGEST_NAME = 255;

export const fileSystem: Request = async (context, message) => {
  const found = await statfs(await context.tree.resolve(message.text()));
  const { bsize, blocks, bfree, bavail, files, ffree } = found;
  const readOnly = context.writable ? 0 : 1;
  const numbers = [bsize, bsize, blocks, bfree, bavail, files, ffree, ffree, 0, readOnly, LONGEST_NAME];
  return { type: FXP.EXTENDED_REPLY, fields: numbers.map(uint64) };
};
