import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, EngineError } from '../../errors.ts';
import { resolveUser } from '../../oci/user.ts';
import { readTextInRoot } from '../../sys/open-in-root.ts';
import { startConmon } from '../../sys/conmon.ts';
import { containerSpec } from '../process/container-spec.ts';
import { bundleOf, directoryOf, publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { conmonArguments } from '../process/conmon-arguments.ts';
import { connectStreams } from '../streams/connect-streams.ts';
import { recordExit } from './exit-container.ts';
import { applyBlockIo } from '../limits/apply.ts';
import { keepLogSmall } from '../logs/source.ts';
import { timestamp } from '../model.ts';
import type { ContainerState } from '../model.ts';
import { mountsForStart } from '../mounts/oci-mounts.ts';
import { joinNamespaces, joinedUsers } from '../namespaces/join.ts';
import { hostnameOf, namesakeOf, sandboxRequest } from '../network/sandbox-request.ts';
import { linkedFiles } from '../network/links.ts';
import {
  extraHosts,
  hostsFile,
  networkFilesIn,
  resolvFile,
  writeNetworkFiles,
} from '../network/network-files.ts';
import { watchMemory } from '../process/oom-watch.ts';
import { identify } from '../process/process-identity.ts';
import { isUp } from '../registry.ts';
import type { ContainerEntry } from '../registry.ts';
import { releaseResources } from './release-resources.ts';
import { removeLocked } from './remove-container.ts';
import { explainRuntimeError, startError } from '../process/runtime-errors.ts';
import type { StartFailure } from '../process/runtime-errors.ts';
import { refuseMountsOnProc } from '../security/proc-mounts.ts';
import { maskedPathsOf } from '../security/privileges.ts';
import { releaseProcess } from '../process/release-process.ts';
import { wantedNetworks, withNetworkIds } from '../network/wanted-networks.ts';
import type { Sandbox } from '../../networks/contract.ts';

/**
 * Runs a container's process. Clients that attached before miss nothing: the engine is connected to the process's
 * streams before the process runs.
 *
 * @param beforeRun called when everything is made for the process, which waits for its end
 * @returns false if it runs already
 * @throws EngineError invalidParameter with Docker's words when the command can't be run
 */
export async function startContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  beforeRun?: (pid: number) => Promise<void>,
): Promise<boolean> {
  return await entry.exclusively(async () => {
    if (entry.removing) throw conflict(`container ${entry.id} is marked for removal and cannot be started`);
    if (entry.state.status === 'running' && entry.state.paused) {
      throw conflict('cannot start a paused container, try unpause instead');
    }
    if (isUp(entry.state)) return false;
    context.restarts.forget(entry.id);
    entry.record.restartCount = 0;
    try {
      await launch(context, entry, beforeRun);
    } catch (error) {
      await recordFailure(context, entry, error);
      throw error;
    }
    return true;
  });
}

/** Starts a container between two runs; one that somebody has stopped meanwhile stays as it is. */
export async function restartByPolicy(context: ContainersContext, entry: ContainerEntry): Promise<void> {
  await entry.exclusively(async () => {
    if (entry.state.status !== 'restarting' || entry.removing || context.restarts.isCancelled(entry.id))
      return;
    try {
      await launch(context, entry);
    } catch (error) {
      await recordFailure(context, entry, error);
      context.onBackgroundError(error);
    }
  });
}

async function launch(
  context: ContainersContext,
  entry: ContainerEntry,
  beforeRun?: (pid: number) => Promise<void>,
): Promise<void> {
  const { record } = entry;
  const bundle = bundleOf(context, record.id);
  context.exits.forget(record.id);
  const image = context.images.resolve(record.imageId);
  if (record.idRange !== undefined) await context.users.open(record.id, record.idRange);
  const [rootfs, sandbox] = await Promise.all([
    context.rootfs.mount(record.id, image),
    context.networks.createSandbox(sandboxRequest(context, record)),
    freshBundle(bundle),
  ]);
  await writeBundle(context, entry, rootfs.merged, sandbox);

  const conmon = startConmon(context.config.conmon, conmonArguments(context, record));
  conmon.release();
  const answer = await conmon.next();
  if (answer === undefined || answer.data <= 0) {
    throw new StartFailed(explainRuntimeError(answer?.message ?? '', record.argv[0] ?? ''));
  }
  const identity = identify(answer.data, context.bootId);
  if (identity === undefined) throw new Error('the container was gone before it was started');
  refuseMountsOnProc(identity.pid, maskedPathsOf(record.hostConfig));
  const connected =
    entry.hub.wanted || record.config.OpenStdin ? await connectStreams(entry.hub, bundle) : undefined;
  await beforeRun?.(identity.pid);
  await connected?.().catch(context.onBackgroundError);
  applyBlockIo(context, record.id, record.hostConfig);
  const startedAt = timestamp();
  const before = record.state.status === 'created' ? {} : { finishedAt: record.state.finishedAt };
  record.state = { status: 'running', process: identity, startedAt, paused: false, sandbox, ...before };
  record.stoppedByUser = false;
  record.networks = withNetworkIds(wantedNetworks(record), sandbox);
  context.health.begin(entry);
  // A conmon of a start that failed may only now have told of the end of a process that never ran. This one waits still.
  context.exits.forget(record.id);
  // Before the first line.
  const leaveLog = keepLogSmall(context, entry);
  const leaveMemory = watchMemory(context, entry);
  try {
    await Promise.all([releaseProcess(context, record.id), context.store.save(record)]);
  } catch (error) {
    leaveLog();
    leaveMemory();
    throw error;
  }
  publish(context, entry, 'start');
  context.exits.expect(record.id, (exitCode) => recordExit(context, entry, exitCode));
}

async function freshBundle(bundle: string): Promise<void> {
  await rm(bundle, { recursive: true, force: true });
  await mkdir(bundle, { recursive: true, mode: 0o700 });
}

async function writeBundle(
  context: ContainersContext,
  entry: ContainerEntry,
  rootfs: string,
  sandbox: Sandbox,
): Promise<void> {
  const { record } = entry;
  const bundle = bundleOf(context, record.id);
  const { config, hostConfig } = record;
  // With another container's network come its names: its files, and those may be what it made of them.
  const namesake = namesakeOf(context, record);
  const names = { hostname: hostnameOf(namesake), domainname: namesake.config.Domainname };
  const linked = linkedFiles(context, record);
  if (namesake === record) {
    const hostAddress = context.networks.hostAddress();
    const added = [...extraHosts(hostConfig.ExtraHosts, hostAddress), ...linked.hosts];
    await writeNetworkFiles(directoryOf(context, record.id), {
      hostname: names.hostname,
      hosts: hostsFile(names, sandbox, added, hostAddress),
      resolv: resolvFile(sandbox, hostConfig),
    });
  }
  const user = resolveUser(
    config.User,
    { passwd: readTextInRoot(rootfs, 'etc/passwd'), group: readTextInRoot(rootfs, 'etc/group') },
    hostConfig.GroupAdd,
  );
  const [files, mounts] = [
    networkFilesIn(directoryOf(context, namesake.id)),
    await mountsForStart(context, record),
  ];
  const own = record.idRange === undefined ? undefined : context.users.of(record.id);
  const spec = containerSpec({
    record,
    rootfs,
    user,
    netnsPath: sandbox.netnsPath,
    joined: joinNamespaces(context, record),
    users:
      own === undefined
        ? undefined
        : {
            userns: joinedUsers(context, record) ?? context.users.userns(record.id),
            sysfs: own.sysfs(sandbox.netnsPath ?? context.users.netns(record.id)),
          },
    ...names,
    files: own === undefined ? files : own.files(files),
    linkedEnv: linked.env,
    mounts: own === undefined ? mounts : own.mounts(mounts),
    cgroupsPath: `${context.config.cgroupParent}/${record.id}`,
    init: context.config.init,
    arch: context.config.arch,
  });
  await writeFile(join(bundle, 'config.json'), spec, { mode: 0o600 });
}

/** The runtime refused; what it said has been understood. */
class StartFailed extends EngineError {
  readonly failure: StartFailure;

  constructor(failure: StartFailure) {
    const { kind, message } = startError(failure);
    super(kind, message);
    this.failure = failure;
  }
}

const OTHER_FAILURE = 128;

async function recordFailure(
  context: ContainersContext,
  entry: ContainerEntry,
  error: unknown,
): Promise<void> {
  const exitCode = error instanceof StartFailed ? error.failure.exitCode : OTHER_FAILURE;
  const message = error instanceof Error ? error.message : String(error);
  entry.hub.close();
  context.health.end(entry);
  try {
    await releaseResources(context, entry.id);
  } catch (cleanup) {
    context.onBackgroundError(cleanup);
  }
  try {
    // Whatever could not be cleared away, nobody watches a process of it: it doesn't count as running.
    entry.record.state = failedState(entry.state, exitCode, message);
    if (entry.record.hostConfig.AutoRemove) {
      await removeLocked(context, entry, { exitCode, error: message });
    } else {
      await context.store.save(entry.record);
    }
  } catch (cleanup) {
    context.onBackgroundError(cleanup);
  }
}

/** One that has run before keeps the times of its last run, as in moby. */
function failedState(before: ContainerState, exitCode: number, error: string): ContainerState {
  if (before.status === 'created') return { status: 'created', failure: { exitCode, error } };
  const { startedAt, finishedAt = timestamp() } = before;
  return { status: 'exited', exitCode, oomKilled: false, error, startedAt, finishedAt };
}
