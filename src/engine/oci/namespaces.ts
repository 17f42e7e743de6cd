import type { OciNamespaceType, OciSpec, SpecMutator } from './spec.ts';

/** A namespace of the container's own, the VM's, or the one behind a path. */
export type Placement = 'own' | 'host' | { readonly path: string };

export type NamespaceChoice = Readonly<Record<(typeof CHOSEN)[number], Placement>>;

const CHOSEN = ['pid', 'ipc', 'uts', 'cgroup', 'network', 'user'] as const;

/** Namespaces of the container (runtime-spec config-linux.md#namespaces); its mounts are always its own. */
export const withNamespaces =
  (choice: NamespaceChoice): SpecMutator =>
  (spec) => {
    const chosen = CHOSEN.flatMap((type) => entryOf(type, choice[type]));
    spec.linux.namespaces = [{ type: 'mount' }, ...chosen];
  };

function entryOf(type: OciNamespaceType, place: Placement): OciSpec['linux']['namespaces'] {
  if (place === 'host') return [];
  return [place === 'own' ? { type } : { type, path: place.path }];
}

/** @param hostname undefined without a UTS namespace of the container's own: it would be the VM that is renamed */
export const withHostname =
  (hostname: string | undefined, domainname: string): SpecMutator =>
  (spec) => {
    if (hostname === undefined) return;
    spec.hostname = hostname;
    if (domainname !== '') spec.domainname = domainname;
  };
