import type { OciNamespaceType, SpecMutator } from './spec.ts';

export interface NamespaceChoice {
  /** A path: that network namespace; undefined: the VM's own. */
  readonly networkPath: string | undefined;
  readonly privateCgroup: boolean;
}

/** Namespaces of the container: always its own mount, pid, ipc and uts namespaces. */
export const withNamespaces =
  (choice: NamespaceChoice): SpecMutator =>
  (spec) => {
    const own: OciNamespaceType[] = ['mount', 'pid', 'ipc', 'uts'];
    if (choice.privateCgroup) own.push('cgroup');
    spec.linux.namespaces = own.map((type) => ({ type }));
    if (choice.networkPath !== undefined) {
      spec.linux.namespaces.push({ type: 'network', path: choice.networkPath });
    }
  };

export const withHostname =
  (hostname: string, domainname: string): SpecMutator =>
  (spec) => {
    spec.hostname = hostname;
    if (domainname !== '') spec.domainname = domainname;
  };
