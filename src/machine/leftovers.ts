import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockHolder } from '../platform/lock.ts';
import { namesIn, unlessLocked, type Leftover } from '../platform/leftover.ts';
import type { MachineContext } from './context.ts';
import { abandonedDockerContexts } from './docker-context.ts';
import { lookAt } from './lifecycle.ts';
import { homeDirectories, nameInPassing } from './store/filenames.ts';

/** A file of {@link writeFileAtomic}'s that never got its name; keys and a restore that a crash came before. */
const UNFINISHED = /\.[0-9a-f]{12}\.tmp$|^(?:keys\.new|restored)~$/;
/** A snapshot half made or half removed. */
const UNFINISHED_SNAPSHOT = /^\.(?:new|old)-/;

/**
 * What crashes of commands and of this computer have left of machines, as things are now: machines half made or half
 * removed, sockets and unfinished files of machines that don't run, docker's contexts of machines that are no more.
 * Machines themselves are none of it, whatever state they are in.
 */
export async function machineLeftovers(context: MachineContext): Promise<Leftover[]> {
  const found: Leftover[] = [];
  const { machines } = homeDirectories(context.store.home);
  for (const entry of await namesIn(machines)) {
    const name = nameInPassing(entry);
    if (name === undefined || (await context.store.busyWith(name)) !== undefined) continue;
    found.push({
      what: entry.startsWith('.new') ? 'half-made machine' : 'half-removed machine',
      path: join(machines, entry),
      remove: () => context.store.sweep(),
    });
  }
  for (const name of await context.store.names()) found.push(...(await leftInMachine(context, name)));
  for (const { machine, directory } of await abandonedDockerContexts(context)) {
    found.push({
      what: `docker's context of "${machine}", which is no more`,
      path: directory,
      remove: () => rm(directory, { recursive: true, force: true }),
    });
  }
  return found;
}

async function leftInMachine(context: MachineContext, name: string): Promise<Leftover[]> {
  const { directory, runDirectory, snapshots } = context.store.files(name);
  if (!(await isAtRest(context, name, false))) return [];
  const places = new Set([directory, runDirectory]);
  const left: Leftover[] = [];
  for (const entry of await namesIn(snapshots)) {
    if (!UNFINISHED_SNAPSHOT.test(entry)) continue;
    const path = join(snapshots, entry);
    left.push({ what: 'unfinished snapshot', path, remove: () => removeAtRest(context, name, path) });
  }
  for (const place of places) {
    for (const entry of await namesIn(place)) {
      const path = join(place, entry);
      const what = UNFINISHED.test(entry) ? 'unfinished file' : (await isSocket(path)) ? 'stale socket' : '';
      if (what !== '') left.push({ what, path, remove: () => removeAtRest(context, name, path) });
    }
  }
  return left;
}

/** Stopped, with nobody at it and no agent. Its sockets are then nobody's. */
async function isAtRest(context: MachineContext, name: string, ignoreBusy: boolean): Promise<boolean> {
  const stored = await context.store.find(name);
  if (stored?.state !== 'ok') return false;
  if ((await lookAt(context, stored, ignoreBusy)).status !== 'stopped') return false;
  return (await lockHolder(stored.files.agentLock)) === undefined;
}

async function removeAtRest(context: MachineContext, name: string, path: string): Promise<void> {
  await unlessLocked(
    context.store.withLock(name, { verb: 'sweep' }, async () => {
      if (await isAtRest(context, name, true)) await rm(path, { recursive: true, force: true });
    }),
  );
}

async function isSocket(path: string): Promise<boolean> {
  return (await lstat(path)).isSocket();
}
