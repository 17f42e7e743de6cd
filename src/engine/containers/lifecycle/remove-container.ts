import { rm } from 'node:fs/promises';
import { conflict } from '../../errors.ts';
import { bundleOf, publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { stateWord } from '../inspect/describe-state.ts';
import { releaseMounts } from '../mounts/prepare.ts';
import { isUp } from '../registry.ts';
import type { ContainerEntry, ExitReport } from '../registry.ts';
import { killAndWait } from './stop-container.ts';

/**
 * Removes a container and its writable layer, with `volumes` also the anonymous volumes that only it used.
 *
 * @throws EngineError conflict for one that runs, unless forced
 */
export async function removeContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  options: { readonly force: boolean; readonly volumes: boolean },
): Promise<void> {
  if (entry.removing) throw conflict(`removal of container ${entry.record.name} is already in progress`);
  if (isUp(entry.state)) {
    if (!options.force) {
      throw conflict(
        `cannot remove container "/${entry.record.name}": container is ${stateWord(entry.state)}: stop the container before removing or force remove`,
      );
    }
    context.restarts.cancel(entry.id);
    await killAndWait(context, entry);
  }
  await entry.exclusively(async () => {
    // An auto-removed container has gone with its process.
    if (context.registry.byId(entry.id) !== entry) return;
    if (isUp(entry.state)) {
      throw conflict(`cannot remove container "/${entry.record.name}": it was started again`);
    }
    const exitCode = entry.state.status === 'exited' ? entry.state.exitCode : 0;
    await removeLocked(context, entry, { exitCode, error: '' }, options.volumes);
  });
}

/** The removal itself; the caller holds the container. */
export async function removeLocked(
  context: ContainersContext,
  entry: ContainerEntry,
  report: ExitReport,
  volumes = entry.record.hostConfig.AutoRemove,
): Promise<void> {
  entry.removing = true;
  try {
    // The record goes last: whatever a crash leaves before that is removed again by the next start of the engine.
    await context.rootfs.remove(entry.id);
    await Promise.all([
      rm(bundleOf(context, entry.id), { recursive: true, force: true }),
      context.store.remove(entry.id),
    ]);
  } catch (error) {
    entry.removing = false;
    throw error;
  }
  context.exits.forget(entry.id);
  context.restarts.forget(entry.id);
  await releaseMounts(context, entry.id, entry.record.mounts ?? [], volumes).catch(context.onBackgroundError);
  context.idRanges.release(entry.id);
  context.images.release(entry.record.imageId, entry.id);
  context.execs.removeOf(entry.id);
  context.registry.remove(entry);
  if (!entry.hub.connected) entry.hub.close();
  publish(context, entry, 'destroy');
  entry.events.emit('removed', report);
}
