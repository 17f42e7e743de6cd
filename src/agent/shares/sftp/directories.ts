import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { attributesOf } from './attributes.ts';
import { orClosed } from './handles.ts';
import { status, type Request } from './request.ts';
import { FXP, STATUS, string, uint32 } from './wire.ts';

const ENTRIES_AT_A_TIME = 128;

export const openDirectory: Request = async (context, message) => {
  const path = message.text();
  const { there } = await context.tree.resolvePlain(path);
  const dir = await opendir(there, { bufferSize: ENTRIES_AT_A_TIME });
  const handle = await orClosed(dir, () => context.handles.add({ kind: 'directory', path, there, dir }));
  return { type: FXP.HANDLE, fields: [string(handle)] };
};

export const readDirectory: Request = async (context, message) => {
  const { path, there, dir } = context.handles.directory(message.bytes());
  const names: string[] = [];
  while (names.length < ENTRIES_AT_A_TIME) {
    const entry = await dir.read();
    if (entry === null) break;
    names.push(entry.name);
  }
  if (names.length === 0) return status(STATUS.EOF);
  const entries = await Promise.all(
    names.map(async (name) => {
      const own = path === '/' ? `/${name}` : `${path}/${name}`;
      if (context.view.isHidden(own)) return [];
      // Gone since it was listed: it isn't there.
      const stats = await lstat(join(there, name)).catch(() => undefined);
      if (stats === undefined) return [];
      context.view.saw(own, stats);
      return [Buffer.concat([string(name), string(''), attributesOf(stats, context.user)])];
    }),
  );
  const told = entries.flat();
  return { type: FXP.NAME, fields: [uint32(told.length), ...told] };
};
