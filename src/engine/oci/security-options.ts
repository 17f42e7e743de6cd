import { invalid, notImplemented } from '../errors.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccomp: 'default' | 'unconfined';
}

/**
 * `--security-opt`: `no-new-privileges[:true|false]`, `seccomp=unconfined|builtin`, and `apparmor=unconfined` and
 * `label=disable`, which are what the VM has anyway.
 *
 * @throws EngineError notImplemented for the rest that Docker knows, invalidParameter for what nobody knows
 */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp: SecurityOptions['seccomp'] = 'default';
  for (const option of options) {
    const [key, value] = split(option);
    if (key === 'no-new-privileges') noNewPrivileges = booleanOf(option, value);
    else if (key === 'seccomp' && value === 'unconfined') seccomp = 'unconfined';
    else if (key === 'seccomp' && value === 'builtin') seccomp = 'default';
    else if (['apparmor=unconfined', 'label=disable'].includes(`${key}=${value ?? ''}`)) continue;
    else if (['seccomp', 'apparmor', 'label', 'systempaths', 'writable-cgroups'].includes(key)) {
      throw notImplemented(`HostConfig.SecurityOpt "${key}=…" is not implemented yet`);
    } else throw invalid(`invalid --security-opt 2: "${option}"`);
  }
  return { noNewPrivileges, seccomp };
}

function split(option: string): [string, string?] {
  const at = option.search(/[=:]/);
  return at < 0 ? [option] : [option.slice(0, at), option.slice(at + 1)];
}

function booleanOf(option: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true;
  if (value === 'false') return false;
  throw invalid(`invalid --security-opt 2: "${option}"`);
}
