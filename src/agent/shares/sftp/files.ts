import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { attributesOf, readAttributes } from './attributes.ts';
import { isRepeatedMode } from './guest-view.ts';
import { orClosed, type OpenFile } from './handles.ts';
import {
  absent,
  done,
  isRepeatedChange,
  requireWritable,
  SETTABLE,
  status,
  type Request,
} from './request.ts';
import { SftpError } from './tree.ts';
import { FXP, STATUS, string, uint32, type PacketReader } from './wire.ts';

/** Of SSH_FXP_OPEN (§6.3). */
const OPEN_FLAG = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;
/** A read takes this at most: the answer fits a message. */
const MOST_READ = 256 * 1024;
// Windows has neither; a FIFO must not hold the agent up.
const PLAIN = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Whether an open request neither makes nor empties anything. */
export function opensOnly(message: PacketReader): boolean {
  const ahead = message.clone();
  ahead.bytes();
  return ahead.uint32() === OPEN_FLAG.read;
}

export const openFile: Request = async (context, message) => {
  const path = message.text();
  const flags = message.uint32();
  const { mode } = readAttributes(message);
  const makes = (flags & (OPEN_FLAG.create | OPEN_FLAG.truncate)) !== 0;
  const repeated = makes && isRepeatedMode(mode);
  if (repeated) context.view.reveal(path);
  else if (makes) requireWritable(context);
  else if (context.view.isHidden(path)) throw absent(path);
  // What is shared for reading may be opened for writing, by those who repeat a change in it: a write is refused.
  const writes = (flags & OPEN_FLAG.write) !== 0 && context.writable && !repeated;
  const there = await context.tree.resolve(path);
  const file = await openPlain(
    there,
    repeated || !context.writable ? constants.O_RDONLY : openFlags(flags),
    mode,
  );
  const open = { kind: 'file', path, file, writes, last: Promise.resolve() } as const;
  const handle = await orClosed(file, () => context.handles.add(open));
  if (writes) context.view.changed(path);
  return { type: FXP.HANDLE, fields: [string(handle)] };
};

function openFlags(flags: number): number {
  const both = OPEN_FLAG.read | OPEN_FLAG.write;
  const access =
    (flags & both) === both
      ? constants.O_RDWR
      : flags & OPEN_FLAG.write
        ? constants.O_WRONLY
        : constants.O_RDONLY;
  return (
    access |
    (flags & OPEN_FLAG.create ? constants.O_CREAT : 0) |
    (flags & OPEN_FLAG.truncate ? constants.O_TRUNC : 0) |
    (flags & OPEN_FLAG.exclusive ? constants.O_EXCL : 0)
  );
}

/** Opens a file, and nothing else. */
export async function openPlain(there: string, flags: number, mode: number | undefined): Promise<FileHandle> {
  if (constants.O_NOFOLLOW === undefined) await refuseLink(there);
  const file = await open(there, flags | PLAIN, (mode ?? 0o666) & SETTABLE);
  return orClosed(file, async () => {
    const found = await file.stat();
    if (found.isFile()) return file;
    throw new SftpError(STATUS.PERMISSION_DENIED, 'not a regular file');
  });
}

async function refuseLink(there: string): Promise<void> {
  const found = await lstat(there).catch(() => undefined); // Whoever opens it says what is wrong.
  if (found?.isSymbolicLink() === true) throw new SftpError(STATUS.PERMISSION_DENIED, 'a symlink');
}

export const close: Request = async ({ handles, view }, message) => {
  const closed = await handles.close(message.bytes());
  if (closed.kind === 'file' && closed.writes) view.changed(closed.path);
  return done;
};

export const read: Request = async ({ handles }, message) => {
  const open = handles.file(message.bytes());
  const position = message.uint64();
  const length = Math.min(message.uint32(), MOST_READ);
  // What was written before is read.
  await open.last;
  const { bytesRead, buffer } = await open.file.read(Buffer.allocUnsafe(length), 0, length, position);
  if (bytesRead === 0) return status(STATUS.EOF);
  return { type: FXP.DATA, fields: [uint32(bytesRead), buffer.subarray(0, bytesRead)] };
};

export const write: Request = async (context, message) => {
  const open = context.handles.file(message.bytes());
  const position = message.uint64();
  const data = message.bytes();
  requireWritable(context);
  await inOrder(open, async () => {
    for (let at = 0; at < data.length;) {
      at += (await open.file.write(data, at, data.length - at, position + at)).bytesWritten;
    }
  });
  return done;
};

/** What changes a file is done in the order in which it was asked for. */
function inOrder(open: OpenFile, work: () => Promise<void>): Promise<void> {
  const next = open.last.catch(() => undefined).then(work); // Its own request was told of an earlier failure.
  open.last = next.catch(() => undefined);
  return next;
}

export const lookUpOpen: Request = async ({ handles, user }, message) => {
  const open = handles.file(message.bytes());
  await open.last;
  return { type: FXP.ATTRS, fields: [attributesOf(await open.file.stat(), user)] };
};

export const setOnOpen: Request = async (context, message) => {
  const open = context.handles.file(message.bytes());
  const wanted = readAttributes(message);
  if (isRepeatedChange(wanted)) return done;
  requireWritable(context);
  const { size, mode, atime, mtime } = wanted;
  await inOrder(open, async () => {
    if (size !== undefined) await open.file.truncate(size);
    if (mode !== undefined) await open.file.chmod(mode & SETTABLE);
    if (atime !== undefined && mtime !== undefined) await open.file.utimes(atime, mtime);
  });
  context.view.changed(open.path);
  return done;
};

export const sync: Request = async ({ handles }, message) => {
  const open = handles.file(message.bytes());
  await open.last;
  await open.file.sync();
  return done;
};
