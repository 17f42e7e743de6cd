import { expect } from 'chai';
import {
  ALL_CAPABILITIES,
  DEFAULT_CAPABILITIES,
  capabilitiesIn,
  capabilitySets,
  effectiveCapabilities,
} from '../../../../src/engine/oci/capabilities.ts';
import { parseDeviceRule } from '../../../../src/engine/oci/devices.ts';
import { parseProfile, seccompFrom } from '../../../../src/engine/oci/seccomp/custom-profile.ts';
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
    expect(effectiveCapabilities(['ALL'], ['SYS_ADMIN'], ALL_CAPABILITIES)).to.have.length(40);
    expect(() => effectiveCapabilities(['FLY'], [])).to.throw(
      'invalid CapAdd: unknown capability: "CAP_FLY"',
    );
  });

  it('are those that the engine has itself', () => {
    const all = capabilitiesIn('Name:\tnode\nCapBnd:\t000001fffdffffff\nSeccomp:\t0\n');
    expect(ALL_CAPABILITIES.filter((name) => !all.includes(name))).to.deep.equal(['CAP_SYS_TIME']);
    expect(effectiveCapabilities(['ALL'], [], all)).to.deep.equal(all);
    expect(() => effectiveCapabilities(['sys_time'], [], all)).to.throw(
      'invalid CapAdd: capability not supported by your kernel or not available in the current environment: "CAP_SYS_TIME"',
    );
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
  const NOTHING = { noNewPrivileges: false, seccomp: undefined, writableCgroups: false, apparmor: '' };

  it('are read', () => {
    expect(parseSecurityOptions([])).to.deep.equal(NOTHING);
    expect(parseSecurityOptions(['no-new-privileges', 'seccomp=unconfined'])).to.deep.equal({
      ...NOTHING,
      noNewPrivileges: true,
      seccomp: 'unconfined',
    });
    expect(parseSecurityOptions(['no-new-privileges:false', 'label=disable', 'label:type:x'])).to.deep.equal(
      NOTHING,
    );
    expect(parseSecurityOptions(['writable-cgroups=true', 'apparmor=mine', 'disable'])).to.deep.equal({
      ...NOTHING,
      writableCgroups: true,
      apparmor: 'mine',
    });
    expect(parseSecurityOptions(['seccomp=builtin']).seccomp).to.equal('default');
  });

  it("are refused in moby's words", () => {
    const cases: [string, string][] = [
      ['nonsense', 'invalid --security-opt 1: "nonsense"'],
      ['nonsense=1', 'invalid --security-opt 2: "nonsense=1"'],
      ['no-new-privileges=perhaps', 'invalid --security-opt 2: "no-new-privileges=perhaps"'],
      ['seccomp={"defaultAction":3}', 'Decoding seccomp profile failed: defaultAction: '],
      [
        'seccomp={"architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86"}]}',
        "both 'architectures' and 'archMap' are specified in the seccomp profile",
      ],
      [
        'seccomp={"syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}]}',
        "both 'name' and 'names' are specified in the seccomp profile",
      ],
    ];
    for (const [option, message] of cases) {
      expect(() => parseSecurityOptions([option]), option).to.throw(message);
    }
  });
});

describe("a user's seccomp profile", () => {
  const allow = (names: string[], conditions: object = {}) => ({
    names,
    action: 'SCMP_ACT_ALLOW',
    ...conditions,
  });
  const filterOf = (profile: object, kernel = '6.12.41+deb13-cloud-amd64') =>
    seccompFrom(parseProfile(JSON.stringify(profile)), {
      arch: 'amd64',
      capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'],
      kernel,
    });
  const namesOf = (profile: object, kernel?: string) =>
    filterOf(profile, kernel)?.syscalls.flatMap(({ names }) => names);

  it('becomes a filter, with what it says of each call', () => {
    const args = [{ index: 0, value: 2, valueTwo: 0, op: 'SCMP_CMP_EQ' }];
    expect(
      filterOf({
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: ['SCMP_ARCH_X86_64'],
        flags: ['SECCOMP_FILTER_FLAG_LOG'],
        syscalls: [{ name: 'mkdir', action: 'SCMP_ACT_ERRNO', errnoRet: 13, args }],
      }),
    ).to.deep.equal({
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 13, args }],
    });
    expect(filterOf({}), 'a profile of nothing').to.equal(undefined);
  });

  it('has conditions: capabilities, architecture, kernel', () => {
    const defaultAction = 'SCMP_ACT_ERRNO';
    const syscalls = [
      allow(['a'], { includes: { caps: ['CAP_SYS_ADMIN'] } }),
      allow(['b'], { includes: { caps: ['CAP_BPF'] } }),
      allow(['c'], { excludes: { caps: ['CAP_SYS_ADMIN'] } }),
      allow(['d'], { includes: { arches: ['arm64'] } }),
      allow(['e'], { excludes: { arches: ['arm64'] } }),
      allow(['f'], { includes: { minKernel: '6.12' } }),
      allow(['g'], { includes: { minKernel: '6.13' } }),
      allow(['h'], { excludes: { minKernel: '4.8' } }),
    ];
    expect(namesOf({ defaultAction, syscalls })).to.deep.equal(['a', 'e', 'f']);
    expect(namesOf({ defaultAction, syscalls }, '4.4.0')).to.deep.equal(['a', 'e', 'h']);
  });

  it('maps architectures', () => {
    const archMap = [
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    ];
    expect(filterOf({ defaultAction: 'SCMP_ACT_ALLOW', archMap })?.architectures).to.deep.equal([
      'SCMP_ARCH_X86_64',
      'SCMP_ARCH_X86',
    ]);
  });
});

describe('device rules', () => {
  it('are read as moby reads them', () => {
    expect(parseDeviceRule('c 10:229 rw')).to.deep.equal({
      allow: true,
      type: 'c',
      major: 10,
      minor: 229,
      access: 'rw',
    });
    expect(parseDeviceRule('b *:* m')).to.deep.equal({ allow: true, type: 'b', access: 'm' });
    expect(() => parseDeviceRule('c 10 rw')).to.throw("invalid device cgroup rule format: 'c 10 rw'");
  });
});
