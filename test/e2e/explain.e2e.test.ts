import { expect } from 'chai';
import { MACHINE } from '../helpers/e2e-world.ts';
import { world } from '../helpers/e2e-hooks.ts';

interface Told {
  Client: { Machine: string };
  Cache: { Hit: boolean; PulledLayers: string[] };
  Image: { Layers: { File: string }[] };
  Snapshot: { MountPoint: string; Upper: string; Lower: string[] };
  Namespaces: { Type: string; Inode: number; MachineInode: number; Shared: boolean }[];
  Cgroup: { Path: string; Limits: Record<string, string> };
  Process: { Pid: number; PidInside: number; Kernel: string };
}

describe('--explain', () => {
  const inVm = async (script: string): Promise<string> => (await world().inVm(script)).trim();

  it('run tells the way of a command that is over in no time, before its output', async () => {
    await world().ok(['pull', '-q', world().image('busybox')]);
    const script = 'readlink /proc/self/ns/mnt; echo $$';
    const result = await world().wherry(
      ['run', '--rm', '--explain', '--memory', '32m', world().image('busybox'), 'sh', '-c', script],
      {},
    );
    expect(result.status, result.stderr).to.equal(0);
    const [, inode] = /^mnt:\[(\d+)\]\n1\n$/.exec(result.stdout) ?? [];
    expect(inode, result.stdout).to.match(/^\d+$/);
    expect(result.stderr).to.match(
      /^1\. The client asked[\s\S]*^2\. The image cache had[\s\S]*^3\. The filesystem snapshot was mounted: overlay[\s\S]*^4\. Namespaces[\s\S]*^5\. The cgroup[\s\S]*memory\.max +33554432[\s\S]*^6\. The command became process 1 inside, \d+ in the VM/m,
    );
    expect(result.stderr).to.match(new RegExp(`^ +mnt +${inode} +new`, 'm'));
    expect(result.stderr).to.match(/^ +user +\d+ +the VM's own, shared$/m);
  });

  it('inspect draws a running container, and both give JSON to tools', async () => {
    const run = await world().wherry([
      ...'run -d --name explained --explain --format json --pids-limit 50'.split(' '),
      world().image('busybox'),
      'sleep',
      '1000',
    ]);
    try {
      expect(run.status, run.stderr).to.equal(0);
      const told = JSON.parse(run.stderr) as Told;
      expect(told.Client.Machine).to.equal(MACHINE);
      expect(told.Cache).to.include({ Hit: true });
      const shown = JSON.parse(
        await world().ok(['inspect', '--explain', '--format', 'json', 'explained']),
      ) as Told;
      const { Client: _client, Cache: _cache, ...same } = told;
      expect(shown).to.deep.equal(same);
      const { Pid, PidInside, Kernel } = shown.Process;
      expect(PidInside).to.equal(1);
      expect(Kernel).to.equal(await inVm('uname -r'));
      const types = shown.Namespaces.map(({ Type }) => Type);
      expect(types).to.include.members(['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'user']);
      const links = await inVm(
        `for t in ${types.join(' ')}; do readlink /proc/${Pid}/ns/$t; readlink /proc/1/ns/$t; done`,
      );
      expect(links.split('\n')).to.deep.equal(
        shown.Namespaces.flatMap(({ Type, Inode, MachineInode }) => [
          `${Type}:[${Inode}]`,
          `${Type}:[${MachineInode}]`,
        ]),
      );
      for (const { Type, Inode, MachineInode, Shared } of shown.Namespaces) {
        expect(Shared, Type).to.equal(Inode === MachineInode);
      }
      expect(shown.Cgroup.Limits).to.deep.equal({ 'pids.max': '50' });
      expect(await inVm(`cat /sys/fs/cgroup${shown.Cgroup.Path}/cgroup.procs`)).to.equal(String(Pid));
      expect(shown.Snapshot.Lower).to.have.length(shown.Image.Layers.length);
      await inVm(`grep -q ' ${shown.Snapshot.MountPoint} ' /proc/mounts && test -d ${shown.Snapshot.Upper}`);
    } finally {
      await world().wherry(['rm', '-f', 'explained']);
    }
    const gone = await world().wherry(['inspect', '--explain', 'explained']);
    expect(gone.status).to.equal(1);
    expect(gone.stderr).to.contain('No such container: explained');
  });
});
