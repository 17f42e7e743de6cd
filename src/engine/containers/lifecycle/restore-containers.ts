import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../sys/errno.ts';
import { bundleOf } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { recordExit } from './exit-container.ts';
import { adoptionRequest } from '../network/sandbox-request.ts';
import { watchMemory } from '../process/oom-watch.ts';
import { isAlive } from '../process/process-identity.ts';
import { ContainerEntry } from '../registry.ts';
import { keepLogSmall } from '../logs/source.ts';
import type { ContainerRecord } from '../model.ts';
import { restoreMounts } from '../mounts/prepare.ts';
import { releaseResources } from './release-resources.ts';
import { releaseProcess, waitsForRelease } from '../process/release-process.ts';
import { removeLocked } from './remove-container.ts';

/** What moby records for a container whose end nobody saw. */
const UNSEEN_EXIT = 255;

/**
 * Takes over what an earlier engine left: containers that still run are watched again, those that ended meanwhile get
 * their exit code from conmon's file, and all others that ran (the VM was restarted) count as exited with 255.
 *
 * What goes wrong with one container is told, and is no reason for an engine not to start: without it there would be
 * nothing to look at the container with, or to remove it.
 */
export async function restoreContainers(context: ContainersContext): Promise<void> {
  const { records, torn, unreadable } = context.store.load();
  for (const { id, error } of unreadable) {
    context.onBackgroundError(
      new Error(`container ${id} is left as it is: its record can't be read`, { cause: error }),
    );
  }
  for (const id of torn) {
    await told(context, id, async () => {
      await context.rootfs.remove(id);
      await context.store.remove(id);
    });
  }
  const entries: ContainerEntry[] = [];
  for (const record of records) {
    await told(context, record.id, () => {
      const entry = new ContainerEntry(record, context.config.stallLimitMs);
      // First of all: its image stays for as long as its files do.
      context.images.acquire(record.imageId, record.id);
      context.registry.add(entry);
      if (record.idRange !== undefined) context.idRanges.restore(record.id, record.idRange);
      restoreMounts(context, record);
      entries.push(entry);
    });
  }
  await Promise.all(entries.map(async (entry) => told(context, entry.id, () => restore(context, entry))));
}

/** Does a part of the restoring; a failure is told and is over with that. */
async function told(context: ContainersContext, id: string, work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.onBackgroundError(new Error(`container ${id} could not be restored whole`, { cause: error }));
  }
}

async function restore(context: ContainersContext, entry: ContainerEntry): Promise<void> {
  const { record } = entry;
  if (record.state.status === 'running') {
    if (isAlive(record.state.process, context.bootId)) {
      const { sandbox } = record.state;
      // Whatever becomes of its network, its end must be seen.
      await told(context, record.id, async () =>
        context.networks.adoptSandbox(adoptionRequest(record), sandbox),
      );
      await told(context, record.id, () => void keepLogSmall(context, entry));
      await told(context, record.id, () => void watchMemory(context, entry));
      await told(context, record.id, () => context.health.resume(entry));
      // The engine before may have ended between the record and this.
      if (waitsForRelease(context, record.id)) {
        await told(context, record.id, async () => releaseProcess(context, record.id));
      }
      // Last: the exit may be there already, and ends what has been begun here.
      context.exits.expect(record.id, (exitCode) => recordExit(context, entry, exitCode));
      return;
    }
    await seeOff(context, entry);
    return;
  }
  // A start that the engine didn't live to finish may have left a process that waits, mounts, a network.
  if (existsSync(bundleOf(context, record.id))) await releaseResources(context, record.id);
  // And so may a copy of its files.
  else await context.rootfs.unmount(record.id);
  restartAtStart(context, entry);
  if (record.hostConfig.AutoRemove) {
    await entry.exclusively(async () => removeLocked(context, entry, { exitCode: 0, error: '' }));
  }
}

/**
 * What moby's daemon does as it starts (daemon.go, restore): a policy is asked once more, `always` whoever stopped the
 * container. One that never ran is not restarted.
 */
function restartAtStart(context: ContainersContext, entry: ContainerEntry): void {
  const { record } = entry;
  const { state } = record;
  if (state.status !== 'exited' && state.status !== 'restarting') return;
  const ranMs = Date.parse(state.finishedAt) - Date.parse(state.startedAt);
  // One that was about to be restarted has been counted.
  const delayMs = state.status === 'restarting' ? 0 : context.restarts.after(record, state.exitCode, ranMs);
  if (delayMs === undefined) return;
  if (state.status === 'exited') {
    const { exitCode, oomKilled, startedAt, finishedAt } = state;
    record.state = { status: 'restarting', exitCode, oomKilled, startedAt, finishedAt };
    record.stoppedByUser = false;
    record.restartCount = 0;
  }
  context.restarts.schedule(entry, delayMs);
}

/** Records the end of a container that ran when the engine was last here. */
async function seeOff(context: ContainersContext, entry: ContainerEntry): Promise<void> {
  const { record } = entry;
  // Asked before its file is looked for: conmon writes that, and ends.
  const isComing = isConmonAlive(bundleOf(context, record.id), record.id);
  const seen = bootOf(record) === context.bootId ? context.exits.peek(record.id) : undefined;
  if (seen === undefined && isComing) {
    // The process has only just ended: conmon is about to write its exit code.
    context.exits.expect(record.id, (exitCode) => recordExit(context, entry, exitCode));
    return;
  }
  recordExit(context, entry, seen ?? UNSEEN_EXIT);
  // Behind the exit in the container's own queue.
  await entry.exclusively(async () => undefined);
}

const bootOf = (record: ContainerRecord): string =>
  record.state.status === 'running' ? record.state.process.bootId : '';

/** True if the container's conmon runs: the process that its pid file names still has the container's id among its arguments. */
function isConmonAlive(bundle: string, id: string): boolean {
  try {
    const pid = readFileSync(join(bundle, 'conmon.pid'), 'utf8').trim();
    return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(id);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return false;
    throw error;
  }
}
