import { EngineError, invalid } from '../../errors.ts';
import type { NamespaceChoice, Placement } from '../../oci/namespaces.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { requireRunning } from '../registry.ts';
import { containerOf } from './modes.ts';
import { userDonor } from '../userns/choose.ts';
import { machineShm, ownShm, shmOf } from './shm.ts';

/** What of a container's surroundings belongs to others too. */
export interface Joined {
  readonly pid: Placement;
  readonly ipc: Placement;
  /** A directory to bind at /dev/shm; undefined: the container has a tmpfs of its own there, or nothing. */
  readonly shm: string | undefined;
}

/** A container that shares nothing. */
export const ALONE: Joined = { pid: 'own', ipc: 'own', shm: undefined };

/**
 * Finds the namespaces that a container shares, as they are now, and makes the memory that it lets others share.
 *
 * @throws EngineError system in moby's words for a container that doesn't run, or doesn't share (daemon/oci_linux.go):
 *   that is no fault of the request to start this one
 */
export function joinNamespaces(context: ContainersContext, record: ContainerRecord): Joined {
  const { PidMode: pidMode, IpcMode: ipcMode } = record.hostConfig;
  return { pid: placeOf('PID', 'pid', context, pidMode), ...ipcFor(context, record, ipcMode) };
}

/**
 * The user namespace of the container whose other namespaces this one shares: what belongs to one user namespace is
 * nothing to root in another. undefined: it shares none.
 *
 * @throws EngineError system if that one has other user ids by now
 */
export function joinedUsers(context: ContainersContext, record: ContainerRecord): string | undefined {
  return joining('user', () => {
    const donor = userDonor(record.hostConfig, (reference) => context.registry.find(reference).record);
    if (donor === undefined) return undefined;
    if (donor.idRange?.first !== record.idRange?.first) {
      throw invalid(`container ${donor.name} has other user ids than when this container was created`);
    }
    return `/proc/${requireRunning(context.registry.find(donor.id)).process.pid}/ns/user`;
  });
}

function ipcFor(
  context: ContainersContext,
  record: ContainerRecord,
  mode: string,
): Pick<Joined, 'ipc' | 'shm'> {
  if (mode === 'host') return { ipc: 'host', shm: machineShm() };
  if (mode === 'shareable') return { ipc: 'own', shm: ownShm(context, record) };
  const other = containerOf(mode);
  if (other === undefined) return { ipc: 'own', shm: undefined };
  const ipc = placeOf('IPC', 'ipc', context, mode);
  return { ipc, shm: joining('IPC', () => sharedShm(context, other)) };
}

function placeOf(what: string, file: string, context: ContainersContext, mode: string): Placement {
  if (mode === 'host') return 'host';
  const other = containerOf(mode);
  if (other === undefined) return 'own';
  const { pid } = joining(what, () => requireRunning(context.registry.find(other), other)).process;
  return { path: `/proc/${pid}/ns/${file}` };
}

/** The shared memory of a container, or of the one whose memory it shares in turn. */
function sharedShm(context: ContainersContext, reference: string): string {
  const { record } = context.registry.find(reference);
  const mode = record.hostConfig.IpcMode;
  if (mode === 'host') return machineShm();
  if (mode === 'shareable') return shmOf(context, record.id);
  const next = containerOf(mode);
  if (next !== undefined) return sharedShm(context, next);
  throw invalid(
    `container ${reference}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}

function joining<T>(what: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError('system', `failed to join ${what} namespace: ${error.message}`, error);
  }
}

/** Where each namespace of a container comes from. */
export function namespacesOf(
  record: ContainerRecord,
  joined: Joined,
  netnsPath: string | undefined,
  userns: string | undefined,
): NamespaceChoice {
  const { UTSMode: uts, CgroupnsMode: cgroup } = record.hostConfig;
  return {
    network: netnsPath === undefined ? 'host' : { path: netnsPath },
    pid: joined.pid,
    ipc: joined.ipc,
    uts: uts === 'host' ? 'host' : 'own',
    cgroup: cgroup === 'host' ? 'host' : 'own',
    user: userns === undefined ? 'host' : { path: userns },
  };
}
