import { invalid } from '../errors.ts';

/** Which of the VM's own namespaces a container is in. */
export interface SharedNamespaces {
  readonly ipc: boolean;
  readonly network: boolean;
}

/** sysctls of the IPC namespace (ipc_namespaces(7)), beside `fs.mqueue.*`. */
const OF_IPC = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/**
 * Refuses sysctls that would change the VM's own, in runc's words (libcontainer/configs/validate). A name's separator is
 * `.`, or `/` where that comes first (sysctl.d(5)).
 *
 * @throws EngineError invalidParameter
 */
export function checkSysctls(sysctls: Readonly<Record<string, string>>, shared: SharedNamespaces): void {
  for (const given of Object.keys(sysctls)) {
    const name = dotted(given);
    if (OF_IPC.has(name) || name.startsWith('fs.mqueue.')) {
      if (shared.ipc) throw invalid(`sysctl "${name}" is not allowed in the hosts ipc namespace`);
    } else if (name.startsWith('net.')) {
      if (shared.network) throw invalid(`sysctl "${name}" not allowed in host network namespace`);
    } else {
      throw invalid(`sysctl "${name}" is not in a separate kernel namespace`);
    }
  }
}

function dotted(name: string): string {
  if (/[./]/.exec(name)?.[0] !== '/') return name;
  return name.replaceAll(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}
