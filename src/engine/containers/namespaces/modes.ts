import type { ContainerConfig, HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';

const CONTAINER = 'container:';

/** `container:NAME` → `NAME`; undefined for any other mode. */
export function containerOf(mode: string): string | undefined {
  return mode.startsWith(CONTAINER) ? mode.slice(CONTAINER.length) : undefined;
}

type Modes = Pick<HostConfig, 'IpcMode' | 'PidMode' | 'UTSMode' | 'CgroupnsMode'>;

/** @throws EngineError invalidParameter, in moby's words (daemon/daemon_unix.go verifyPlatformContainerSettings) */
export function checkNamespaceModes(host: Modes, config: Pick<ContainerConfig, 'Hostname'>): void {
  const { IpcMode: ipc, PidMode: pid, UTSMode: uts, CgroupnsMode: cgroup } = host;
  if (!['', 'none', 'private', 'shareable', 'host'].includes(ipc) && !containerOf(ipc)) {
    throw invalid(`invalid IPC mode: ${ipc}`);
  }
  if (!['', 'host'].includes(pid) && !containerOf(pid)) throw invalid(`invalid PID mode: ${pid}`);
  if (!['', 'host'].includes(uts)) throw invalid(`invalid UTS mode: ${uts}`);
  if (uts === 'host' && config.Hostname !== '') {
    throw invalid('conflicting options: hostname and the UTS mode');
  }
  if (!['', 'private', 'host'].includes(cgroup)) throw invalid(`invalid cgroup namespace mode: ${cgroup}`);
}
