import { oomKills } from '../process/cgroup.ts';
import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { timestamp } from '../model.ts';
import type { ContainerEntry } from '../registry.ts';
import { cgroupOf, releaseResources } from './release-resources.ts';
import { removeLocked } from './remove-container.ts';

/** Writes down that a container's process has ended, gives back what it held, and tells everyone who waits. */
export function recordExit(context: ContainersContext, entry: ContainerEntry, exitCode: number): void {
  entry
    .exclusively(() => exitLocked(context, entry, exitCode))
    .catch((error: unknown) => context.onBackgroundError(error));
}

async function exitLocked(
  context: ContainersContext,
  entry: ContainerEntry,
  exitCode: number,
): Promise<void> {
  const { state } = entry;
  if (state.status !== 'running') return;
  context.health.end(entry);
  // Nothing that fails from here on may keep those who wait from hearing of the end.
  const attempt = async (work: () => unknown): Promise<string | undefined> => {
    try {
      await work();
      return undefined;
    } catch (error) {
      context.onBackgroundError(error);
      return error instanceof Error ? error.message : String(error);
    }
  };
  let oomKilled = false;
  await attempt(() => (oomKilled = oomKills(cgroupOf(context, entry.id)) > 0));
  await attempt(async () => releaseResources(context, entry.id));
  const finished = Date.now();
  const ranMs = finished - Date.parse(state.startedAt);
  const delayMs = entry.removing ? undefined : context.restarts.after(entry.record, exitCode, ranMs);
  const end = { exitCode, oomKilled, startedAt: state.startedAt, finishedAt: timestamp(finished) };
  if (delayMs === undefined) entry.record.state = { status: 'exited', ...end, error: '' };
  else {
    entry.record.state = { status: 'restarting', ...end };
    entry.record.restartCount = (entry.record.restartCount ?? 0) + 1;
  }
  entry.renewHub();
  const autoRemove = entry.record.hostConfig.AutoRemove && !entry.keepOnExit;
  if (!autoRemove) {
    // conmon's file goes once the record has the exit: until then it is all that the next engine would know.
    await attempt(async () => {
      await context.store.save(entry.record);
      context.exits.forget(entry.id);
    });
  }
  if (oomKilled && state.oomKilled !== true) publish(context, entry, 'oom');
  const seconds = Math.floor(ranMs / 1000);
  publish(context, entry, 'die', { execDuration: String(seconds), exitCode: String(exitCode) });
  entry.events.emit('exit', { exitCode, error: '' });
  if (delayMs !== undefined) context.restarts.schedule(entry, delayMs);
  if (!autoRemove) return;
  const failure = await attempt(async () => removeLocked(context, entry, { exitCode, error: '' }));
  if (failure === undefined) return;
  // It stays, exited, for somebody to remove; whoever waits for its removal learns at least how it ended.
  await attempt(async () => context.store.save(entry.record));
  entry.events.emit('removed', { exitCode, error: failure });
}
