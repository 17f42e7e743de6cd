/**
 * What a container is made of, as the kernel has it: the answer of `GET /containers/{id}/explain`, and of
 * `POST /containers/{id}/start?explain=true`, taken when everything is made and the command hasn't run yet. Docker's API
 * has no such thing. Names as in Docker's answers.
 */
export interface Explanation {
  readonly ContainerID: string;
  readonly Image: { readonly ID: string; readonly Name: string; readonly Layers: readonly ExplainedLayer[] };
  readonly Snapshot: ExplainedSnapshot;
  readonly Namespaces: readonly ExplainedNamespace[];
  readonly Cgroup: ExplainedCgroup;
  readonly Process: ExplainedProcess;
}

export interface ExplainedLayer {
  readonly DiffID: string;
  /** The EROFS file in the image cache. */
  readonly File: string;
  readonly Bytes: number;
}

export interface ExplainedSnapshot {
  readonly Filesystem: string;
  readonly MountPoint: string;
  /** Where layers are mounted, the topmost first. */
  readonly Lower: readonly string[];
  /** What the container writes. */
  readonly Upper: string;
}

export interface ExplainedNamespace {
  /** As in /proc/PID/ns: mnt, pid, net, ipc, uts, cgroup, user, time. */
  readonly Type: string;
  readonly Inode: number;
  /** That of the VM's own processes. */
  readonly MachineInode: number;
  readonly Shared: boolean;
}

export interface ExplainedCgroup {
  /** Below the mount point of cgroup v2. */
  readonly Path: string;
  /** The limits that the kernel holds it to, by the files' names; `max` ones are left out. */
  readonly Limits: Readonly<Record<string, string>>;
}

export interface ExplainedProcess {
  readonly Args: readonly string[];
  /** In the VM. */
  readonly Pid: number;
  /** In the container's own pid namespace. */
  readonly PidInside: number;
  readonly Kernel: string;
}
