import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WherryError } from '../core/errors.ts';
import type { Driver, MachineSpec, RunningVm, VmStatus } from '../drivers/driver.ts';
import type { MachineFiles } from '../machine/store/filenames.ts';
import { DEFAULT_MOUNTS, type MachineConfig } from '../machine/store/machine-config.ts';
import { absentImage, storedSpec } from '../machine/store/machine-spec.ts';
import type { Clock } from '../platform/clock.ts';
import { acquireLock } from '../platform/lock.ts';
import type { Log } from '../platform/log.ts';
import type { AgentStatus } from '../protocol/agent/control.ts';
import { GUEST } from '../protocol/boot/guest-paths.ts';
import { pinnedHostKey } from '../ssh/known-hosts.ts';
import { openSshSession, type SshSession } from '../ssh/session.ts';
import { hasOwnClock, keepGuestClock } from './guest-clock.ts';
import { serveControl } from './control-server.ts';
import { serveDocker } from './docker-server.ts';
import { serveOnceStarted } from './serve-once-started.ts';
import { createHostPorts, type VmForwards } from './ports/host-ports.ts';
import { createRelayForwards } from './ports/relay-forwards.ts';
import { servePorts } from './ports/serve-ports.ts';
import { whyNoShares } from './shares/refusal.ts';
import { shareHost } from './shares/share-host.ts';
import { openEndpointUplink, openSshUplink, type Uplink, type UplinkPorts } from './uplink.ts';

export interface AgentContext {
  readonly files: MachineFiles;
  readonly config: MachineConfig;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** In the guest; another path than init's is for tests. */
  readonly engineSocket?: string | undefined;
  readonly hostSocket?: string | undefined;
  readonly datagramSocket?: string | undefined;
  /** The guest's account; another than root is for tests. */
  readonly username?: string | undefined;
  /** Ends the agent when aborted. */
  readonly signal: AbortSignal;
  /** Called once, when the agent is connected and answers on its control socket. */
  readonly onReady: (status: AgentStatus) => void;
}

/** A replaced agent may still be closing. */
const PREDECESSOR_MS = 3000;

/**
 * Runs a machine's agent until the VM has gone or it is told to stop. One that is started while the VM still starts
 * connects at once, and serves `docker.sock` when that start is over. Error: `HOST_NOT_RUNNING`, or SSH's.
 */
export async function runAgent(context: AgentContext): Promise<void> {
  const { files, log } = context;
  const lock = await acquireLock(files.agentLock, { purpose: 'agent', waitMs: PREDECESSOR_MS });
  try {
    const found = await requireVm(context);
    const uplink = await openUplink(context, found.vm);
    try {
      await serve(context, uplink, found);
    } finally {
      uplink.close();
    }
  } finally {
    log.info('the agent ends');
    await lock.release();
  }
}

async function serve(context: AgentContext, uplink: Uplink, found: FoundVm): Promise<void> {
  const { vm } = found;
  const { files, log } = context;
  const stopped = Promise.withResolvers<string>();
  context.signal.addEventListener('abort', () => stopped.resolve('a signal'), { once: true });
  const ports = new AbortController();
  const docker = serveOnceStarted({
    vm: () => context.driver.status(specOf(context)),
    async serve() {
      publishPorts(context, uplink, vm, ports.signal);
      keepClock(context, uplink, ports.signal, found.status !== 'starting');
      shareDirectories(context, uplink, ports.signal);
      const server = await serveDocker(files.dockerSocket, uplink, log);
      log.info('the agent serves', { pid: process.pid, version: context.version });
      return server;
    },
    onCutOff: stopped.resolve,
  });
  const status = async (look: boolean): Promise<AgentStatus> => {
    const server = await (look ? docker.look() : docker.served());
    return {
      pid: process.pid,
      version: context.version,
      machine: files.name,
      sshConnected: uplink.connected(),
      serving: server !== undefined,
      clients: server?.clients() ?? 0,
    };
  };
  const control = await serveControl(files.agentSocket, {
    status,
    stop: () => stopped.resolve('a client told it to'),
  });
  try {
    const first = await status(true);
    log.info('the agent is connected', { ...first });
    context.onReady(first);
    log.info('stopping', { reason: await Promise.race([stopped.promise, uplink.ended]) });
  } finally {
    ports.abort(new Error('the agent ends'));
    await docker.close();
    await control.close();
  }
}

/** By the driver where it forwards, else through SSH. Without SSH nobody answers the engine, which says so to whoever asks. */
function publishPorts(context: AgentContext, uplink: Uplink, vm: RunningVm, signal: AbortSignal): void {
  const { openSocket } = uplink;
  const forwards = forwardsOf(context, uplink, signal);
  if (forwards === undefined || openSocket === undefined) return;
  const answer = createHostPorts(
    forwards,
    ({ proto, hostPort }) =>
      proto === 'tcp' && hostPort === vm.sshPort && context.driver.capabilities.hostForward,
  );
  const { clock, log } = context;
  const dial = async () => openSocket(context.hostSocket ?? GUEST.hostSocket);
  void servePorts({ dial, answer, clock, log, signal });
}

/** Of VMs that are ours; whoever else runs a host keeps its clock. */
function keepClock(
  { driver, clock, log }: AgentContext,
  { run }: Uplink,
  signal: AbortSignal,
  atOnce: boolean,
): void {
  if (!hasOwnClock(driver.capabilities) || run === undefined) return;
  void keepGuestClock({ clock, log, run, atOnce, signal });
}

/** Where there is no way to run a command in the guest, nothing of the host's is mounted there. */
function shareDirectories(
  { files, config, driver, clock, log }: AgentContext,
  { openSocket, exec }: Uplink,
  signal: AbortSignal,
): void {
  // Somebody's host has no program of ours in its path that mounts them.
  if (driver.capabilities.power === false || openSocket === undefined || exec === undefined) return;
  const mounts = config.engine.mounts ?? DEFAULT_MOUNTS;
  const closed = dirname(dirname(files.directory));
  const refusal = whyNoShares(driver);
  void shareHost({ machine: files.name, mounts, closed, refusal, openSocket, exec, clock, log, signal });
}

function forwardsOf(context: AgentContext, uplink: Uplink, signal: AbortSignal): VmForwards | undefined {
  const { hostForwards } = context.driver;
  if (hostForwards !== undefined) {
    const spec = specOf(context);
    return {
      list: () => hostForwards.list(spec),
      add: (forward) => hostForwards.add(spec, forward),
      remove: (forward) => hostForwards.remove(spec, forward),
    };
  }
  const { openTcp, openSocket } = uplink;
  if (openTcp === undefined || openSocket === undefined) return undefined;
  const openDatagrams = async () => openSocket(context.datagramSocket ?? GUEST.datagramSocket);
  return createRelayForwards({ openTcp, openDatagrams, log: context.log, signal });
}

function openUplink(context: AgentContext, vm: RunningVm): Promise<Uplink> {
  const ports: UplinkPorts = {
    clock: context.clock,
    log: context.log,
    async vmIsThere() {
      const now = await context.driver.status(specOf(context));
      return 'vm' in now && sameVm(now.vm, vm);
    },
  };
  if (!context.driver.capabilities.ssh) return Promise.resolve(openEndpointUplink(vm.endpoint, ports));
  const dial = async (signal: AbortSignal): Promise<SshSession> => {
    const { clientKey, knownHosts, name } = context.files;
    return openSshSession({
      host: vm.sshHost,
      port: vm.sshPort,
      username: context.username ?? vm.sshUser ?? 'root',
      privateKey: await readFile(clientKey, 'utf8'),
      hostKey: pinnedHostKey(await readFile(knownHosts, 'utf8'), name),
      signal,
    });
  };
  return openSshUplink(dial, context.engineSocket ?? GUEST.engineSocket, ports);
}

type FoundVm = Extract<VmStatus, { vm: RunningVm }>;

async function requireVm(context: AgentContext): Promise<FoundVm> {
  const found = await context.driver.status(specOf(context));
  if ('vm' in found) return found;
  throw new WherryError({
    code: 'HOST_NOT_RUNNING',
    message: `Host is not running: "${context.files.name}" ${found.status === 'error' ? `is broken: ${found.reason}` : 'is stopped'}`,
    hint: `Start it with:  wherry machine start ${context.files.name}`,
  });
}

function sameVm(a: RunningVm, b: RunningVm): boolean {
  return a.process?.pid === b.process?.pid && a.process?.startedAt === b.process?.startedAt;
}

function specOf(context: AgentContext): MachineSpec {
  return { ...storedSpec(context.files, context.config), image: absentImage(context.config) };
}
