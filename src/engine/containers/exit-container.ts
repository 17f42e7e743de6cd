import { oomKills } from './cgroup.ts';
import { publish } from './context.ts';
import type { ContainersContext } from './context.ts';
import { timestamp } from './model.ts';
import type { ContainerEntry } from './registry.ts';
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
  const oomKilled = oomKills(cgroupOf(context, entry.id)) > 0;
  try {
    await releaseResources(context, entry.id);
  } catch (error) {
    context.onBackgroundError(error);
  }
  const finished = Date.now();
  entry.record.state = {
    status: 'exited',
    exitCode,
    oomKilled,
    error: '',
    startedAt: state.startedAt,
    finishedAt: timestamp(finished),
  };
  // Without a connection nobody has seen the streams end.
  if (!entry.hub.connected) entry.hub.close();
  context.exits.forget(entry.id);
  if (!entry.record.hostConfig.AutoRemove) await context.store.save(entry.record);
  if (oomKilled) publish(context, entry, 'oom');
  const seconds = Math.floor((finished - Date.parse(state.startedAt)) / 1000);
  publish(context, entry, 'die', { execDuration: String(seconds), exitCode: String(exitCode) });
  entry.events.emit('exit', { exitCode, error: '' });
  if (entry.record.hostConfig.AutoRemove) await removeLocked(context, entry, { exitCode, error: '' });
}
