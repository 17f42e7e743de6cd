import { openDirectory, readDirectory } from './directories.ts';
import { close, lookUpOpen, openFile, opensOnly, read, setOnOpen, sync, write } from './files.ts';
import {
  fileSystem,
  lookUp,
  makeDirectory,
  makeHardLink,
  makeLink,
  move,
  readLink,
  realPath,
  remove,
  removeDirectory,
  setOnPath,
} from './paths.ts';
import type { Request } from './request.ts';
import { SftpError } from './tree.ts';
import { FXP, STATUS, string } from './wire.ts';

const together =
  (request: Request): Request =>
  (context, message) =>
    context.gate.together(() => request(context, message));
/** What may put a symlink in another's way; and what makes something, which the client may ask about right behind. */
const alone =
  (request: Request): Request =>
  (context, message) =>
    context.gate.alone(() => request(context, message));

const opened: Request = (context, message) =>
  (opensOnly(message) ? together : alone)(openFile)(context, message);

/** OpenSSH's extensions (its PROTOCOL §4), by their names and the versions that are told at the start. */
const EXTENSIONS: ReadonlyMap<string, { readonly version: string; readonly run: Request }> = new Map([
  ['posix-rename@openssh.com', { version: '1', run: alone(move) }],
  ['hardlink@openssh.com', { version: '1', run: alone(makeHardLink) }],
  ['fsync@openssh.com', { version: '1', run: sync }],
  ['statvfs@openssh.com', { version: '2', run: together(fileSystem) }],
]);

export const extensions = (): readonly Buffer[] =>
  [...EXTENSIONS].flatMap(([name, { version }]) => [string(name), string(version)]);

const extended: Request = (context, message) => {
  const name = message.text();
  const extension = EXTENSIONS.get(name);
  if (extension === undefined) throw new SftpError(STATUS.OP_UNSUPPORTED, `${name} is unknown`);
  return extension.run(context, message);
};

export const REQUESTS: ReadonlyMap<number, Request> = new Map<number, Request>([
  [FXP.OPEN, opened],
  [FXP.CLOSE, close],
  [FXP.READ, read],
  [FXP.WRITE, write],
  [FXP.LSTAT, together(lookUp)],
  [FXP.STAT, together(lookUp)],
  [FXP.FSTAT, lookUpOpen],
  [FXP.SETSTAT, alone(setOnPath)],
  [FXP.FSETSTAT, setOnOpen],
  [FXP.OPENDIR, together(openDirectory)],
  [FXP.READDIR, readDirectory],
  [FXP.REMOVE, alone(remove)],
  [FXP.RMDIR, alone(removeDirectory)],
  [FXP.MKDIR, alone(makeDirectory)],
  [FXP.RENAME, alone(move)],
  [FXP.SYMLINK, alone(makeLink)],
  [FXP.READLINK, together(readLink)],
  [FXP.REALPATH, realPath],
  [FXP.EXTENDED, extended],
]);
