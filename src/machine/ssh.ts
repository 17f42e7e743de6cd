import { readFile } from 'node:fs/promises';
import { WherryError } from '../core/errors.ts';
import { hostKeyAlias, pinnedHostKey } from '../ssh/known-hosts.ts';
import type { RemoteProcess } from '../ssh/remote-process.ts';
import { openSshSession, type ExecRequest, type SshSession } from '../ssh/session.ts';
import type { MachineContext } from './context.ts';
import { loadMachine, requireRunning, type RunningMachine } from './lifecycle.ts';

/** A process in the machine and the connection it came over, which the caller closes. */
export interface MachineShell {
  readonly process: Omit<RemoteProcess, 'stream'>;
  close(): void;
}

/** `machine ssh` over ssh2. Errors: `HOST_NOT_RUNNING`, `HOST_KEY_MISMATCH`, `NO_SSH`. */
export async function openMachineShell(
  context: MachineContext,
  name: string,
  request: ExecRequest,
  signal: AbortSignal,
): Promise<MachineShell> {
  const session = await openMachineSession(context, name, signal);
  try {
    const process = await session.exec(request);
    return { process, close: () => session.close() };
  } catch (error) {
    session.close();
    throw error;
  }
}

export async function openMachineSession(
  context: MachineContext,
  name: string,
  signal: AbortSignal,
): Promise<SshSession> {
  const machine = await requireSsh(context, name);
  const { files, vm } = machine;
  return openSshSession({
    host: vm.sshHost,
    port: vm.sshPort,
    username: vm.sshUser ?? 'root',
    privateKey: await readFile(files.clientKey, 'utf8'),
    hostKey: pinnedHostKey(await readFile(files.knownHosts, 'utf8'), name),
    signal,
  });
}

/** The system's ssh(1) with this machine's key and pinned host key, for `machine ssh` with options of ssh's own. */
export async function systemSshArgv(
  context: MachineContext,
  name: string,
  sshOptions: readonly string[],
  command: readonly string[],
): Promise<string[]> {
  const { files, vm } = await requireSsh(context, name);
  const settings = {
    HostKeyAlias: hostKeyAlias(name),
    UserKnownHostsFile: quoted(files.knownHosts),
    GlobalKnownHostsFile: 'none',
    StrictHostKeyChecking: 'yes',
    IdentityFile: quoted(files.clientKey),
    IdentitiesOnly: 'yes',
    LogLevel: 'ERROR',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const port = ['-p', String(vm.sshPort)];
  return [
    'ssh',
    '-F',
    'none',
    ...options,
    ...port,
    ...sshOptions,
    `${vm.sshUser ?? 'root'}@${vm.sshHost}`,
    ...command,
  ];
}

/** ssh splits such values at blanks and expands percent signs (ssh_config(5), ARGUMENTS and TOKENS). */
function quoted(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

async function requireSsh(context: MachineContext, name: string): Promise<RunningMachine> {
  const machine = requireRunning(await loadMachine(context, name));
  if (machine.driver.capabilities.ssh) return machine;
  throw new WherryError({
    code: 'NO_SSH',
    message: `"${name}" has the driver "${machine.config.driver}", which gives no SSH access`,
  });
}
