import { readFileSync, readlinkSync } from 'node:fs';
import type { ExplainedNamespace } from '../../../protocol/docker/explanation.ts';

/** In the order in which introductions to containers name them (namespaces(7)). */
const TYPES = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'user', 'time'];

/** The namespaces of a process beside those of the VM's process 1. */
export function namespacesOf(pid: number): ExplainedNamespace[] {
  return TYPES.map((type) => {
    const [inode, machineInode] = [inodeOf(pid, type), inodeOf(1, type)];
    return { Type: type, Inode: inode, MachineInode: machineInode, Shared: inode === machineInode };
  });
}

/** `/proc/PID/ns/TYPE` links to `type:[inode]`. */
function inodeOf(pid: number, type: string): number {
  return Number(/\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/ns/${type}`))?.[1]);
}

/** The last of the pids that proc_pid_status(5) lists in NSpid: the one in the innermost pid namespace. */
export function pidInside(pid: number): number {
  const [, pids = ''] = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(pids.split(/\s+/).at(-1));
}
