import type { OciSeccomp, OciSyscallRule } from '../spec.ts';
import {
  AF_ALG,
  AF_VSOCK,
  ALLOWED,
  ALLOWED_ON,
  ALLOWED_WITH,
  ARCHITECTURES,
  NAMESPACE_FLAGS,
  PERSONALITIES,
} from './default-profile.ts';

const EPERM = 1;
const ENOSYS = 38;

const allow = (names: readonly string[]): OciSyscallRule => ({ names, action: 'SCMP_ACT_ALLOW' });

function allowArgument(
  name: string,
  op: 'SCMP_CMP_EQ' | 'SCMP_CMP_LT' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ',
  value: number,
): OciSyscallRule {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value, op }] };
}

/**
 * Docker's default seccomp filter for a container with these capabilities (`CAP_…` names).
 * runtime-spec v1.2, config-linux.md#seccomp.
 */
export function defaultSeccomp(arch: 'amd64' | 'arm64', capabilities: readonly string[]): OciSeccomp {
  const admin = capabilities.includes('CAP_SYS_ADMIN');
  const gated = Object.entries(ALLOWED_WITH)
    .filter(([capability]) => capabilities.includes(capability))
    .flatMap(([, names]) => names);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: ARCHITECTURES[arch],
    syscalls: [
      allow([...new Set([...ALLOWED, ...ALLOWED_ON[arch], ...gated])]),
      // Three ranges instead of two exclusions: rules are alternatives, so each has to leave out both families.
      allowArgument('socket', 'SCMP_CMP_LT', AF_ALG),
      allowArgument('socket', 'SCMP_CMP_EQ', AF_ALG + 1),
      allowArgument('socket', 'SCMP_CMP_GT', AF_VSOCK),
      ...PERSONALITIES.map((value) => allowArgument('personality', 'SCMP_CMP_EQ', value)),
      ...(admin ? [] : withoutNamespaces()),
    ],
  };
}

function withoutNamespaces(): OciSyscallRule[] {
  return [
    // MASKED_EQ: (argument & value) == valueTwo, and valueTwo is 0 when absent.
    allowArgument('clone', 'SCMP_CMP_MASKED_EQ', NAMESPACE_FLAGS),
    // clone3's flags are behind a pointer that a filter can't follow; ENOSYS makes libc fall back to clone.
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ];
}
