import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Arch } from '../../../../src/core/arch.ts';
import { chooseHardware } from '../../../../src/drivers/qemu/choose.ts';
import { hasSme, quickCheck } from '../../../../src/drivers/qemu/accelerator.ts';
import { systemQemuHost, type QemuHost } from '../../../../src/drivers/qemu/host.ts';
import { qemuOptions } from '../../../../src/drivers/qemu/options.ts';
import { preflight } from '../../../../src/drivers/qemu/preflight.ts';
import { parseQemuVersion } from '../../../../src/drivers/qemu/version.ts';
import type { ExecResult } from '../../../../src/platform/exec.ts';
import { temporaryMachine } from '../../../contract/drivers/machine-fixture.ts';

const RESULT: ExecResult = { exitCode: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' };
const UNKNOWN = (oid: string): ExecResult => ({
  ...RESULT,
  exitCode: 1,
  stderr: `sysctl: unknown oid '${oid}'\n`,
});

/** What `sysctl -n` prints (sysctl(8)) on each kind of Mac, by the oid. */
const MACS = {
  'Apple M1': { 'kern.hv_support': '1\n', 'hw.optional.arm.FEAT_SME': '0\n' },
  'Apple M1 before macOS 12': { 'kern.hv_support': '1\n' },
  'Apple M4': { 'kern.hv_support': '1\n', 'hw.optional.arm.FEAT_SME': '1\n' },
  "GitHub's arm64 runner": { 'kern.hv_support': '0\n', 'hw.optional.arm.FEAT_SME': '0\n' },
  'a Mac from before the Hypervisor framework': {},
} as const;

/** A Mac whose QEMU, where it is started, ends with these words. */
function mac(name: keyof typeof MACS, qemuSays = '', nodeArch = 'arm64'): QemuHost {
  const known: Readonly<Record<string, string>> = MACS[name];
  return {
    ...systemQemuHost(),
    platform: 'darwin',
    nodeArch,
    env: { PATH: '/nowhere' },
    exec: {
      run: (argv) => {
        expect(argv.slice(0, 2)).to.deep.equal(['/usr/sbin/sysctl', '-n']);
        const oid = argv[2] ?? '';
        const stdout = known[oid];
        return Promise.resolve(stdout === undefined ? UNKNOWN(oid) : { ...RESULT, stdout });
      },
      check: () => Promise.reject(new Error('nothing else is run')),
      async spawnDetached(_argv, options) {
        await writeFile(options?.outputFile ?? '', qemuSays);
        const exited = Promise.resolve({ exitCode: 1, signal: undefined });
        return { pid: 1, exited, stdout: undefined, release: () => undefined };
      },
    },
    processes: { ...systemQemuHost().processes, identify: () => Promise.resolve(undefined) },
  };
}

describe('a Mac, by what its sysctl says', () => {
  const table: readonly (readonly [keyof typeof MACS, string, boolean])[] = [
    ['Apple M1', 'perhaps', false],
    ['Apple M1 before macOS 12', 'perhaps', false],
    ['Apple M4', 'perhaps', true],
    ["GitHub's arm64 runner", 'HV_UNSUPPORTED: kern.hv_support is not 1', false],
    ['a Mac from before the Hypervisor framework', 'HV_UNSUPPORTED: kern.hv_support is not 1', false],
  ];
  for (const [name, hvf, sme] of table) {
    it(`${name}: hvf and SME`, async () => {
      const check = await quickCheck(mac(name), 'hvf', 'arm64');
      expect(check.usable === false ? check.reason : check.usable).to.equal(hvf);
      expect(await hasSme(mac(name))).to.equal(sme);
    });
  }

  it('never accelerates a guest of another architecture, and asks Intel nothing about SME', async () => {
    const check = await quickCheck(mac('Apple M1'), 'hvf', 'amd64');
    expect(check).to.deep.equal({ usable: false, reason: 'an amd64 guest on arm64' });
    expect(await hasSme(mac('Apple M4', '', 'x64'))).to.equal(false);
  });

  it('is told in preflight that machines will be emulated', async () => {
    const findings = await preflight(mac("GitHub's arm64 runner"), 'arm64');
    expect(findings.at(-1)).to.deep.equal({
      level: 'note',
      subject: 'Accelerator',
      message:
        'hvf is not usable here (HV_UNSUPPORTED: kern.hv_support is not 1); ' +
        'machines run under emulation (tcg), about 10× slower',
    });
  });
});

describe('hvf, tried out with a QEMU that refuses', () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-mac-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  // As users have reported them: osbuild/bootc-image-builder#166, docker/setup-docker-action#44,
  // actions/runner-images#8113, kubernetes/minikube#18712.
  const refusals: readonly (readonly [string, Arch, string, string])[] = [
    [
      'a runner without nested virtualization',
      'arm64',
      'qemu-system-aarch64: -accel hvf: Error: HV_UNSUPPORTED\n',
      '-accel hvf: Error: HV_UNSUPPORTED',
    ],
    ['an older QEMU there', 'arm64', 'qemu-system-aarch64: Error: HV_UNSUPPORTED\n', 'Error: HV_UNSUPPORTED'],
    [
      'an Intel runner whose host forbids it',
      'amd64',
      'qemu-system-x86_64: -accel hvf: Unknown Error\n',
      '-accel hvf: Unknown Error',
    ],
    [
      'a QEMU that was built without it',
      'arm64',
      'qemu-system-aarch64: -accel hvf: invalid accelerator hvf\n',
      '-accel hvf: invalid accelerator hvf',
    ],
  ];
  for (const [who, arch, words, reason] of refusals) {
    it(`${who}: emulation, and one sentence that says why`, async () => {
      const { spec, cleanUp } = await temporaryMachine({ arch });
      const notes: string[] = [];
      const host = mac('Apple M1', words, arch === 'arm64' ? 'arm64' : 'x64');
      const version = parseQemuVersion('QEMU emulator version 9.1.0');
      if (version === undefined) throw new Error('no version');
      const qemu = { path: process.execPath, version };
      const hardware = await chooseHardware(host, spec, qemu, qemuOptions.parse({}), {
        stateDirectory: join(directory, who),
        signal: new AbortController().signal,
        isFirstStart: true,
        onNote: (note) => notes.push(note),
      });
      await cleanUp();
      expect(hardware.accelerator).to.equal('tcg');
      expect(notes).to.deep.equal([
        `hvf is not usable here (${reason}); running under emulation (tcg), about 10× slower`,
      ]);
    });
  }
});
