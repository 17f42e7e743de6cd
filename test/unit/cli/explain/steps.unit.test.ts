import { expect } from 'chai';
import { askedStep, cacheStep, containerSteps } from '../../../../src/cli/explain/steps.ts';

const diffId = (digit: string): string => `sha256:${digit.repeat(64)}`;

describe('--explain', () => {
  it('begins with who asked whom', () => {
    const lines = askedStep({
      ClientPid: 4711,
      Machine: 'default',
      EngineVersion: '0.1.0',
      Kernel: '6.12.94',
      Platform: 'linux/amd64',
    });
    expect(lines[0]).to.equal('1. The client asked the engine.');
    expect(lines.join('\n')).to.match(
      /process 4711[\s\S]*engine 0\.1\.0 in the VM "default"[\s\S]*6\.12\.94/,
    );
  });

  it('tells a hit, a pull, and a registry that had nothing new', () => {
    const image = { Image: 'busybox:latest', PulledLayers: [], ExistingLayers: [] };
    expect(cacheStep({ ...image, Hit: true })).to.deep.equal([
      '2. The image cache had busybox:latest: nothing was pulled.',
    ]);
    expect(cacheStep({ ...image, Hit: false, PulledLayers: ['aaa'], ExistingLayers: ['bbb'] })).to.deep.equal(
      [
        '2. The image cache lacked busybox:latest: it was pulled.',
        '     aaa  pulled, verified, kept as EROFS',
        '     bbb  was there already',
      ],
    );
    expect(cacheStep({ ...image, Hit: false, ExistingLayers: ['bbb'] })[0]).to.equal(
      '2. The registry was asked for busybox:latest: the cache had all of its layers.',
    );
  });

  it('draws the snapshot, the namespaces, the cgroup and the process', () => {
    const text = containerSteps({
      ContainerID: 'c0ffee',
      Image: {
        ID: diffId('1'),
        Name: 'busybox',
        Layers: [
          { DiffID: diffId('2'), File: '/data/2.erofs', Bytes: 1_200_000 },
          { DiffID: diffId('3'), File: '/data/3.erofs', Bytes: 4096 },
        ],
      },
      Snapshot: {
        Filesystem: 'overlay',
        MountPoint: '/run/m',
        Lower: ['/run/3', '/run/2'],
        Upper: '/data/up',
      },
      Namespaces: [
        { Type: 'mnt', Inode: 7, MachineInode: 3, Shared: false },
        { Type: 'user', Inode: 5, MachineInode: 5, Shared: true },
      ],
      Cgroup: { Path: '/wherry/c0ffee', Limits: { 'memory.max': '33554432' } },
      Process: { Args: ['sh', '-c', 'true'], Pid: 512, PidInside: 1, Kernel: '6.12.94' },
    });
    expect(text).to.deep.equal([
      '3. The filesystem snapshot was mounted: overlay at /run/m',
      '     writable               /data/up',
      '     333333333333  4.096kB  read-only, from /data/3.erofs',
      '     222222222222  1.2MB    read-only, from /data/2.erofs',
      '4. Namespaces were made, each by its inode:',
      "     mnt   7  new (the VM's own: 3)",
      "     user  5  the VM's own, shared",
      '5. The cgroup /wherry/c0ffee was made:',
      '     memory.max  33554432',
      '6. The command became process 1 inside, 512 in the VM, on Linux 6.12.94:',
      '     sh -c true',
    ]);
  });
});
