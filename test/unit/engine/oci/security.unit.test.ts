import { expect } from 'chai';
import {
  ALL_CAPABILITIES,
  DEFAULT_CAPABILITIES,
  capabilitySets,
  effectiveCapabilities,
} from '../../../../src/engine/oci/capabilities.ts';
import { defaultSeccomp } from '../../../../src/engine/oci/seccomp/profile.ts';
import { parseSecurityOptions } from '../../../../src/engine/oci/security-options.ts';
import type { OciSyscallRule } from '../../../../src/engine/oci/spec.ts';

describe('capabilities', () => {
  it("are Docker's 14 by default: the mask 0x00000000a80425fb", () => {
    const mask = effectiveCapabilities([], []).reduce(
      (bits, name) => bits | (1n << BigInt(ALL_CAPABILITIES.indexOf(name))),
      0n,
    );
    expect(mask).to.equal(0xa80425fbn);
    expect(DEFAULT_CAPABILITIES).to.have.length(14);
    expect(ALL_CAPABILITIES).to.have.length(41);
  });

  it('are added and dropped by name, ALL first', () => {
    expect(effectiveCapabilities(['net_admin'], [])).to.include('CAP_NET_ADMIN');
    expect(effectiveCapabilities([], ['CAP_CHOWN'])).not.to.include('CAP_CHOWN');
    expect(effectiveCapabilities(['CHOWN'], ['ALL'])).to.deep.equal(['CAP_CHOWN']);
    expect(effectiveCapabilities(['ALL'], ['SYS_ADMIN'])).to.have.length(40);
    expect(() => effectiveCapabilities(['FLY'], [])).to.throw('invalid capability: "FLY"');
  });

  it('are in effect for root alone, and never inheritable or ambient', () => {
    expect(capabilitySets(['CAP_CHOWN'], 0)).to.deep.equal({
      bounding: ['CAP_CHOWN'],
      effective: ['CAP_CHOWN'],
      permitted: ['CAP_CHOWN'],
      inheritable: [],
      ambient: [],
    });
    expect(capabilitySets(['CAP_CHOWN'], 1000)).to.deep.include({
      bounding: ['CAP_CHOWN'],
      effective: [],
      permitted: [],
    });
  });
});

/** What the filter answers, evaluated as libseccomp does: the first rule whose arguments match. */
function verdict(rules: readonly OciSyscallRule[], name: string, first = 0): string {
  const matches = (op: string, value: number): boolean => {
    if (op === 'SCMP_CMP_EQ') return first === value;
    if (op === 'SCMP_CMP_LT') return first < value;
    if (op === 'SCMP_CMP_GT') return first > value;
    return (BigInt(first) & BigInt(value)) === 0n;
  };
  const rule = rules.find(
    ({ names, args = [] }) => names.includes(name) && args.every(({ op, value }) => matches(op, value)),
  );
  if (rule === undefined) return 'EPERM';
  return rule.action === 'SCMP_ACT_ALLOW' ? 'allow' : `errno ${rule.errnoRet}`;
}

describe('seccomp profile', () => {
  const { syscalls } = defaultSeccomp('amd64', DEFAULT_CAPABILITIES);

  it('allows what programs need', () => {
    for (const name of [
      'read',
      'execve',
      'clone',
      'openat2',
      'ptrace',
      'chroot',
      'arch_prctl',
      'futex_waitv',
    ]) {
      expect(verdict(syscalls, name), name).to.equal('allow');
    }
  });

  it('denies what reaches for the kernel', () => {
    const denied =
      `bpf io_uring_setup io_uring_enter userfaultfd keyctl add_key request_key mount umount2 unshare setns
      init_module kexec_load reboot open_by_handle_at pivot_root swapon perf_event_open`.split(/\s+/);
    for (const name of denied) expect(verdict(syscalls, name), name).to.equal('EPERM');
  });

  it('denies sockets to the host and to the kernel crypto, and no others', () => {
    const denied = Array.from({ length: 46 }, (_, family) => family).filter(
      (family) => verdict(syscalls, 'socket', family) !== 'allow',
    );
    expect(denied).to.deep.equal([38, 40]);
  });

  it('lets clone make threads, not namespaces, and sends clone3 back to it', () => {
    expect(verdict(syscalls, 'clone', 0x3d0f00)).to.equal('allow');
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(verdict(syscalls, 'clone', flag), flag.toString(16)).to.equal('EPERM');
    }
    expect(verdict(syscalls, 'clone3')).to.equal('errno 38');
  });

  it('opens up with capabilities', () => {
    const admin = defaultSeccomp('arm64', [...DEFAULT_CAPABILITIES, 'CAP_SYS_ADMIN', 'CAP_SYS_TIME']);
    for (const name of ['mount', 'unshare', 'clone3', 'bpf', 'clock_settime', 'set_tls']) {
      expect(verdict(admin.syscalls, name), name).to.equal('allow');
    }
    expect(verdict(admin.syscalls, 'clone', 0x20000)).to.equal('allow');
    expect(verdict(admin.syscalls, 'arch_prctl')).to.equal('EPERM');
    expect(admin.architectures).to.deep.equal(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  });
});

describe('security options', () => {
  it('are read', () => {
    expect(parseSecurityOptions([])).to.deep.equal({ noNewPrivileges: false, seccomp: 'default' });
    expect(parseSecurityOptions(['no-new-privileges', 'seccomp=unconfined'])).to.deep.equal({
      noNewPrivileges: true,
      seccomp: 'unconfined',
    });
    expect(parseSecurityOptions(['no-new-privileges:false', 'label=disable']).noNewPrivileges).to.equal(
      false,
    );
    expect(() => parseSecurityOptions(['seccomp={"defaultAction":"x"}'])).to.throw(
      /seccomp=.*not implemented/,
    );
    expect(() => parseSecurityOptions(['nonsense'])).to.throw('invalid --security-opt');
  });
});
