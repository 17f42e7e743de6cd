import { expect } from 'chai';
import {
  composeSpec,
  renderSpec,
  withReadonlyRoot,
  withSeccomp,
  withSysctls,
} from '../../../../src/engine/oci/compose.ts';
import { withFileBinds, withSystemMounts, withTmpfs } from '../../../../src/engine/oci/mounts.ts';
import { withHostname, withNamespaces } from '../../../../src/engine/oci/namespaces.ts';
import { buildEnvironment, withProcess } from '../../../../src/engine/oci/process.ts';
import { resourcesOf, rlimitOf, withResources, withRlimits } from '../../../../src/engine/oci/resources.ts';
import type { Limits } from '../../../../src/engine/oci/resources.ts';
import { withUser } from '../../../../src/engine/oci/user.ts';

const NO_LIMITS: Limits = {
  memory: 0,
  memoryReservation: 0,
  memorySwap: 0,
  nanoCpus: 0,
  cpuPeriod: 0,
  cpuQuota: 0,
  cpuShares: 0,
  cpusetCpus: '',
  cpusetMems: '',
  pidsLimit: 0,
};

const OWN = { pid: 'own', ipc: 'own', uts: 'own', cgroup: 'own', network: 'own', user: 'host' } as const;

describe('OCI spec mutators', () => {
  it('compose a spec, each its own part', () => {
    const spec = composeSpec('/root/fs', [
      withReadonlyRoot(true),
      withUser({ uid: 5, gid: 6, additionalGids: [6, 7] }),
      withProcess({
        args: ['sh'],
        env: ['A=1'],
        cwd: '',
        tty: true,
        consoleSize: [24, 80],
        noNewPrivileges: true,
        oomScoreAdj: 10,
      }),
      withHostname('box', 'example.org'),
      withNamespaces({ ...OWN, network: { path: '/run/netns/x' } }),
      withSysctls({ 'net.ipv4.ip_forward': '1' }),
      withSeccomp(undefined),
      withFileBinds({ '/etc/hosts': '/run/hosts' }, false),
    ]);
    expect(spec.root).to.deep.equal({ path: '/root/fs', readonly: true });
    expect(spec.process).to.deep.include({
      user: { uid: 5, gid: 6, additionalGids: [6, 7] },
      cwd: '/',
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      noNewPrivileges: true,
      oomScoreAdj: 10,
    });
    expect(spec).to.include({ hostname: 'box', domainname: 'example.org' });
    expect(spec.linux.namespaces).to.deep.equal([
      { type: 'mount' },
      { type: 'pid' },
      { type: 'ipc' },
      { type: 'uts' },
      { type: 'cgroup' },
      { type: 'network', path: '/run/netns/x' },
    ]);
    expect(spec.linux.sysctl).to.deep.equal({ 'net.ipv4.ip_forward': '1' });
    expect(spec.linux).not.to.have.property('seccomp');
    expect(spec.mounts).to.deep.equal([
      { destination: '/etc/hosts', type: 'bind', source: '/run/hosts', options: ['rbind', 'rprivate'] },
    ]);
  });

  it('leave a container in the namespaces of the VM or of another, and the VM its name', () => {
    const { linux, hostname } = composeSpec('/', [
      withNamespaces({ ...OWN, pid: 'host', ipc: { path: '/proc/7/ns/ipc' }, uts: 'host', cgroup: 'host' }),
      withHostname(undefined, 'example.org'),
    ]);
    expect(linux.namespaces).to.deep.equal([
      { type: 'mount' },
      { type: 'ipc', path: '/proc/7/ns/ipc' },
      { type: 'network' },
    ]);
    expect(hostname).to.equal(undefined);
  });

  it("mount what every container finds, read-only where it is the kernel's", () => {
    const { mounts } = composeSpec('/', [
      withSystemMounts({ shm: { size: 1024 }, writableSys: false, writableCgroups: false }),
    ]);
    const options = Object.fromEntries(mounts.map((mount) => [mount.destination, mount.options.join(',')]));
    expect(options).to.deep.equal({
      '/proc': 'nosuid,noexec,nodev',
      '/dev': 'nosuid,strictatime,mode=755,size=65536k',
      '/dev/pts': 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5',
      '/sys': 'nosuid,noexec,nodev,ro',
      '/sys/fs/cgroup': 'nosuid,noexec,nodev,ro',
      '/dev/mqueue': 'nosuid,noexec,nodev',
      '/dev/shm': 'nosuid,noexec,nodev,mode=1777,size=1024',
    });
    const without = composeSpec('/', [
      withSystemMounts({ shm: undefined, writableSys: false, writableCgroups: false }),
    ]);
    expect(without.mounts.map(({ destination }) => destination)).not.to.include('/dev/shm');
    expect(without.mounts.find(({ destination }) => destination === '/sys')?.options).to.include('ro');
  });

  it("mount tmpfs with Docker's defaults unless told otherwise", () => {
    const { mounts } = composeSpec('/', [withTmpfs({ '/a': '', '/b': 'exec,size=64m,mode=1770' })]);
    expect(mounts.map(({ options }) => options.join(','))).to.deep.equal([
      'noexec,nosuid,nodev',
      'nosuid,nodev,exec,size=64m,mode=1770',
    ]);
    for (const destination of ['relative', '/', '/a/../b']) {
      expect(() => composeSpec('/', [withTmpfs({ [destination]: '' })]), destination).to.throw(/invalid/);
    }
  });

  it('set no limit that nobody asked for', () => {
    expect(resourcesOf(NO_LIMITS)).to.deep.equal({});
    const { linux } = composeSpec('/', [withResources('/wherry/x', NO_LIMITS)]);
    expect(linux.cgroupsPath).to.equal('/wherry/x');
    expect(linux.resources.devices?.[0]).to.deep.equal({ allow: false, access: 'rwm' });
  });

  it("translate Docker's limits", () => {
    const memory = 32 * 1024 * 1024;
    expect(
      resourcesOf({ ...NO_LIMITS, memory, nanoCpus: 1.5e9, pidsLimit: 20, cpuShares: 512 }),
    ).to.deep.equal({
      memory: { limit: memory, swap: 2 * memory },
      cpu: { quota: 150_000, period: 100_000, shares: 512 },
      pids: { limit: 20 },
    });
    expect(resourcesOf({ ...NO_LIMITS, memory, memorySwap: -1 }).memory).to.deep.equal({
      limit: memory,
      swap: -1,
    });
    expect(
      resourcesOf({ ...NO_LIMITS, cpuQuota: 5000, cpuPeriod: 10_000, cpusetCpus: '0-1' }).cpu,
    ).to.deep.equal({
      quota: 5000,
      period: 10_000,
      cpus: '0-1',
    });
    expect(resourcesOf({ ...NO_LIMITS, pidsLimit: -1 })).to.deep.equal({});
  });

  it('write RLIM_INFINITY as the number that doubles cannot hold', () => {
    expect(rlimitOf({ Name: 'nofile', Soft: 1, Hard: 2 })).to.deep.equal({
      type: 'RLIMIT_NOFILE',
      soft: 1,
      hard: 2,
    });
    const spec = composeSpec('/', [withRlimits([{ Name: 'core', Soft: -1, Hard: -1 }])]);
    expect(renderSpec(spec)).to.include(
      '{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615}',
    );
    expect(() => rlimitOf({ Name: 'core', Soft: 3, Hard: 2 })).to.throw(/less than or equal/);
  });
});

describe('environment', () => {
  it('starts with PATH and HOSTNAME and ends with HOME', () => {
    expect(buildEnvironment({ env: ['A=1'], hostname: 'box', tty: true, home: '/root' })).to.deep.equal([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOSTNAME=box',
      'TERM=xterm',
      'A=1',
      'HOME=/root',
    ]);
  });

  it('is overridden in place, and a name without a value goes', () => {
    const env = buildEnvironment({
      env: ['PATH=/bin', 'HOME=/x', 'B=a=b', 'HOSTNAME'],
      hostname: 'box',
      tty: false,
      home: '/root',
    });
    expect(env).to.deep.equal(['PATH=/bin', 'HOME=/x', 'B=a=b']);
  });
});
