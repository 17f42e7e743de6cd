import { invalid } from '../errors.ts';
import { parseProfile } from './seccomp/custom-profile.ts';
import type { SeccompProfile } from './seccomp/custom-profile.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** undefined: nothing was said, which for a privileged container is something else than `default`. */
  readonly seccomp: 'default' | 'unconfined' | SeccompProfile | undefined;
  readonly writableCgroups: boolean;
  /** The name of an AppArmor profile; '' for none. */
  readonly apparmor: string;
}

/**
 * `--security-opt` as moby reads it (daemon/daemon_unix.go parseSecurityOpt): `no-new-privileges[=true|false]`,
 * `writable-cgroups[=true|false]`, `seccomp=unconfined|builtin|JSON`, `apparmor=…`, `label=…`. A colon may stand for the
 * equals sign. Labels mean something to SELinux alone, which the VM's kernel doesn't run: they're accepted, as by moby.
 *
 * @throws EngineError invalidParameter in moby's words
 */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let [noNewPrivileges, writableCgroups, apparmor] = [false, false, ''];
  let seccomp: SecurityOptions['seccomp'];
  for (const option of options) {
    const [key, value] = split(option);
    if (key === 'no-new-privileges') noNewPrivileges = booleanOf(option, value);
    else if (key === 'writable-cgroups') writableCgroups = booleanOf(option, value);
    else if (option === 'disable') continue;
    else if (value === undefined) throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`);
    else if (key === 'seccomp') seccomp = seccompOf(value);
    else if (key === 'apparmor') apparmor = value;
    else if (key !== 'label') throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`);
  }
  return { noNewPrivileges, seccomp, writableCgroups, apparmor };
}

function seccompOf(value: string): SecurityOptions['seccomp'] {
  if (value === 'unconfined') return value;
  if (value === 'builtin') return 'default';
  return value === '' ? undefined : parseProfile(value);
}

function split(option: string): [string, string?] {
  const equals = option.indexOf('=');
  const at = equals < 0 ? option.indexOf(':') : equals;
  return at < 0 ? [option] : [option.slice(0, at), option.slice(at + 1)];
}

/** Go's strconv.ParseBool, which is what clients may rely on. */
function booleanOf(option: string, value: string | undefined): boolean {
  if (value === undefined || /^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`);
}
