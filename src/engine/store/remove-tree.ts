import { readdir, rmdir, unlink } from 'node:fs/promises';

/** Removes a directory whose names may be any bytes; Node's own `rm` takes UTF-8 names only. Links aren't followed. */
export async function removeTree(path: string | Buffer): Promise<void> {
  const base = Buffer.from(path);
  for (const entry of await readdir(base, { withFileTypes: true, encoding: 'buffer' })) {
    const child = Buffer.concat([base, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) await removeTree(child);
    else await unlink(child);
  }
  await rmdir(base);
}
