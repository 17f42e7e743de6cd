import { capabilitySets } from './capabilities.ts';
import { RLIM_INFINITY } from './resources.ts';
import type { OciProcess, OciSeccomp, OciSpec, SpecMutator } from './spec.ts';

/** Applies mutators, in order, to an empty Linux spec over `rootPath`. */
export function composeSpec(rootPath: string, mutators: readonly SpecMutator[]): OciSpec {
  const spec: OciSpec = {
    ociVersion: '1.2.0',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0, additionalGids: [] },
      args: [],
      env: [],
      cwd: '/',
      capabilities: capabilitySets([], 0),
      rlimits: [],
      noNewPrivileges: false,
    },
    root: { path: rootPath, readonly: false },
    mounts: [],
    linux: {
      namespaces: [],
      cgroupsPath: '',
      resources: {},
      sysctl: {},
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
  for (const mutate of mutators) mutate(spec);
  return spec;
}

export const withReadonlyRoot =
  (readonly: boolean): SpecMutator =>
  (spec) => {
    spec.root.readonly = readonly;
  };

export const withSeccomp =
  (profile: OciSeccomp | undefined): SpecMutator =>
  (spec) => {
    if (profile === undefined) delete spec.linux.seccomp;
    else spec.linux.seccomp = profile;
  };

export const withSysctls =
  (sysctls: Readonly<Record<string, string>>): SpecMutator =>
  (spec) => {
    spec.linux.sysctl = { ...sysctls };
  };

/** JSON for the runtime. RLIM_INFINITY becomes 2^64-1, which JavaScript's numbers can't hold. */
export function renderSpec(spec: OciSpec | OciProcess): string {
  return JSON.stringify(spec).replaceAll(
    new RegExp(`("(?:soft|hard)":)${RLIM_INFINITY}`, 'g'),
    '$118446744073709551615',
  );
}
