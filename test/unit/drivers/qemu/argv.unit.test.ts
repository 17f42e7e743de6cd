import { expect } from 'chai';
import { probeArgv, vmArgv, type VmPlan } from '../../../../src/drivers/qemu/argv/compose.ts';
import { kernelCommandLine } from '../../../../src/drivers/qemu/argv/kernel.ts';
import { machineArguments, type Hardware } from '../../../../src/drivers/qemu/argv/machine.ts';
import { parseQemuVersion, type QemuVersion } from '../../../../src/drivers/qemu/version.ts';
import type { MachineSpec } from '../../../../src/drivers/driver.ts';

function version(text: string): QemuVersion {
  const parsed = parseQemuVersion(`QEMU emulator version ${text}`);
  if (parsed === undefined) throw new Error(`not a version: ${text}`);
  return parsed;
}

const TCG_AMD64: Hardware = {
  arch: 'amd64',
  accelerator: 'tcg',
  version: version('7.2.22'),
  cpus: 2,
  memoryMiB: 2048,
};

const SPEC: MachineSpec = {
  name: 'default',
  arch: 'amd64',
  cpus: 2,
  memoryMiB: 2048,
  diskGiB: 20,
  directory: '/home/a, b/m',
  runDirectory: '/home/a, b/m',
  image: {
    id: 'sha256:1',
    arch: 'amd64',
    kernel: '/i/kernel',
    initrd: '/i/initrd',
    systemDisk: '/i/system.erofs',
    commandLine: 'quiet loglevel=4',
  },
  dataDisk: '/home/a, b/m/data.img',
  configDisk: '/home/a, b/m/config.img',
  consoleLog: '/home/a, b/m/console.log',
  options: {},
};

const PLAN: VmPlan = {
  binary: '/usr/bin/qemu-system-x86_64',
  hardware: TCG_AMD64,
  sshPort: 42_200,
  ready: { kind: 'unix', path: '/home/a, b/m/ready.sock' },
  qmp: { kind: 'unix', path: '/home/a, b/m/qmp.sock' },
};

function after(argv: readonly string[], option: string): string[] {
  return argv.flatMap((word, index) => (argv[index - 1] === option ? [word] : []));
}

describe('QEMU argv', () => {
  it('is this, for an amd64 guest under tcg on Linux', () => {
    expect(vmArgv(SPEC, PLAN)).to.deep.equal([
      '/usr/bin/qemu-system-x86_64',
      '-name',
      'wherry-default',
      '-nodefaults',
      '-no-user-config',
      '-no-reboot',
      '-display',
      'none',
      '-monitor',
      'none',
      '-parallel',
      'none',
      '-vga',
      'none',
      '-machine',
      'q35,usb=off,sata=off,smbus=off,vmport=off',
      '-accel',
      'tcg,thread=multi,tb-size=512',
      '-cpu',
      'max,-erms',
      '-smp',
      'cpus=2',
      '-m',
      'size=2048M',
      '-kernel',
      '/i/kernel',
      '-initrd',
      '/i/initrd',
      '-append',
      'quiet loglevel=4 console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on rcupdate.rcu_expedited=1 ' +
        'cryptomgr.notests tsc=reliable no_timer_check 8250.nr_uarts=1 i8042.nokbd i8042.noaux ' +
        'wherry.cpu=emulated clearcpuid=cx16 wherry.net=10.0.2.15/24,10.0.2.2,10.0.2.3',
      '-blockdev',
      '{"driver":"raw","node-name":"system","read-only":true,' +
        '"file":{"driver":"file","filename":"/i/system.erofs","read-only":true,"locking":"off"}}',
      '-device',
      'virtio-blk-pci,drive=system,serial=system',
      '-blockdev',
      '{"driver":"raw","node-name":"data","discard":"unmap","detect-zeroes":"unmap",' +
        '"file":{"driver":"file","filename":"/home/a, b/m/data.img","discard":"unmap"}}',
      '-device',
      'virtio-blk-pci,drive=data,serial=data',
      '-blockdev',
      '{"driver":"raw","node-name":"config","read-only":true,' +
        '"file":{"driver":"file","filename":"/home/a, b/m/config.img","read-only":true,"locking":"off"}}',
      '-device',
      'virtio-blk-pci,drive=config,serial=config',
      '-netdev',
      'user,id=net0,ipv6=off,hostfwd=tcp:127.0.0.1:42200-:22',
      '-device',
      'virtio-net-pci,netdev=net0,romfile=',
      '-device',
      'virtio-serial-pci,max_ports=2',
      '-chardev',
      'socket,id=ready,path=/home/a,, b/m/ready.sock,server=on,wait=off',
      '-device',
      'virtserialport,chardev=ready,name=org.wherry.ready',
      '-chardev',
      'socket,id=qmp,path=/home/a,, b/m/qmp.sock,server=on,wait=off',
      '-mon',
      'chardev=qmp,mode=control',
      '-chardev',
      'file,id=console,path=/home/a,, b/m/console.log,append=on',
      '-serial',
      'chardev:console',
      '-object',
      'rng-builtin,id=rng',
      '-device',
      'virtio-rng-pci,rng=rng',
      '-device',
      'virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on',
    ]);
  });

  it('has neither a unix socket nor a monitor on Windows', () => {
    const argv = vmArgv(SPEC, {
      ...PLAN,
      ready: { kind: 'tcp', host: '127.0.0.1', port: 42_201 },
      qmp: undefined,
    });
    expect(after(argv, '-chardev').filter((text) => text.startsWith('socket,'))).to.deep.equal([
      'socket,id=ready,host=127.0.0.1,port=42201,ipv4=on,server=on,wait=off',
    ]);
    expect(after(argv, '-mon')).to.deep.equal([]);
  });

  it('forwards from the loopback alone', () => {
    for (const word of vmArgv(SPEC, PLAN)
      .join(' ')
      .matchAll(/hostfwd=(\S+)/g)) {
      expect(word[1]).to.match(/^tcp:127\.0\.0\.1:/);
    }
  });

  it('probes with the same board and kernel, without disks, network or QMP', () => {
    const argv = probeArgv(SPEC.image, { ...PLAN, consoleLog: '/t/console.log' });
    expect(argv.slice(3, 22)).to.deep.equal(vmArgv(SPEC, PLAN).slice(3, 22));
    expect(after(argv, '-append')[0]).to.match(/ ignore_loglevel wherry\.probe$/);
    expect(argv.join(' ')).not.to.match(/blockdev|netdev|-mon /);
  });
});

describe('QEMU machine arguments', () => {
  const variants: [string, Partial<Hardware>, { machine: string; accel: string; cpu: string }][] = [
    [
      'arm64 under tcg',
      { arch: 'arm64' },
      { machine: 'virt,gic-version=3', accel: 'tcg,thread=multi,tb-size=512', cpu: 'max,pauth-impdef=on' },
    ],
    [
      'amd64 under kvm',
      { accelerator: 'kvm' },
      { machine: 'q35,usb=off,sata=off,smbus=off,vmport=off', accel: 'kvm', cpu: 'host' },
    ],
    [
      'arm64 under kvm',
      { arch: 'arm64', accelerator: 'kvm' },
      { machine: 'virt,gic-version=host', accel: 'kvm', cpu: 'host' },
    ],
    [
      'an Intel Mac',
      { accelerator: 'hvf' },
      {
        machine: 'q35,usb=off,sata=off,smbus=off,vmport=off',
        accel: 'hvf',
        cpu: 'host,-avx512vl,-pdpe1gb',
      },
    ],
    ['an Apple M1', { arch: 'arm64', accelerator: 'hvf' }, { machine: 'virt', accel: 'hvf', cpu: 'host' }],
    [
      'an Apple M4 with 12 processors',
      { arch: 'arm64', accelerator: 'hvf', sme: true, cpus: 12 },
      { machine: 'virt,gic-version=3', accel: 'hvf', cpu: 'max' },
    ],
    [
      'Windows with QEMU 10',
      { accelerator: 'whpx', version: version('10.1.0') },
      {
        machine: 'q35,usb=off,sata=off,smbus=off,vmport=off',
        accel: 'whpx,kernel-irqchip=off',
        cpu: 'qemu64',
      },
    ],
    [
      'Windows with QEMU 11.1.1',
      { accelerator: 'whpx', version: version('11.1.1') },
      { machine: 'q35,usb=off,sata=off,smbus=off,vmport=off', accel: 'whpx', cpu: 'host' },
    ],
  ];
  for (const [name, change, expected] of variants) {
    it(`suit ${name}`, () => {
      const argv = machineArguments({ ...TCG_AMD64, ...change });
      expect({
        machine: after(argv, '-machine')[0],
        accel: after(argv, '-accel')[0],
        cpu: after(argv, '-cpu')[0],
      }).to.deep.equal(expected);
    });
  }
});

describe('the kernel command line', () => {
  it('has nothing of emulation under an accelerator', () => {
    expect(kernelCommandLine('quiet', { ...TCG_AMD64, accelerator: 'kvm' })).to.equal(
      'quiet console=ttyS0 panic=-1 wherry.net=10.0.2.15/24,10.0.2.2,10.0.2.3',
    );
  });

  it('has no x86 words on arm64: the kernel would hand them to init', () => {
    expect(kernelCommandLine('', { ...TCG_AMD64, arch: 'arm64' })).to.equal(
      'console=ttyAMA0 panic=-1 mitigations=off random.trust_cpu=on rcupdate.rcu_expedited=1 ' +
        'cryptomgr.notests wherry.net=10.0.2.15/24,10.0.2.2,10.0.2.3',
    );
  });

  it('keeps the kernel off cmpxchg16b where QEMU may corrupt it', () => {
    expect(kernelCommandLine('', { ...TCG_AMD64, version: version('8.2.0') })).to.contain('clearcpuid=cx16');
    expect(kernelCommandLine('', { ...TCG_AMD64, version: version('9.0.0') })).not.to.contain('clearcpuid');
  });
});

describe('parseQemuVersion', () => {
  it("reads Debian's, Homebrew's and Windows' first line", () => {
    expect(
      parseQemuVersion('QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003'),
    ).to.deep.equal({ major: 7, minor: 2, text: '7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)' });
    expect(version('10.1.0')).to.deep.equal({ major: 10, minor: 1, text: '10.1.0' });
    expect(version('9.2.0 (v9.2.0-12034-g)\r')).to.include({ major: 9, minor: 2 });
    expect(parseQemuVersion('bash: no such program')).to.equal(undefined);
  });
});
