import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';

describe('isolation and limits', () => {
  const sh = async (script: string, ...flags: string[]) =>
    world().wherry(['run', '--rm', ...flags, world().image('busybox'), 'sh', '-c', script]);

  it('shows a container its own hostname, pid 1, mounts and network', async () => {
    const { stdout, stderr } = await sh(
      'hostname; cat /proc/1/comm; ls /proc | grep -c "^[0-9]"; ip -o -4 addr show eth0; cat /proc/self/cgroup; mount | grep " / "',
    );
    const [hostname, comm, processes, address, cgroup, root] = stdout.split('\n');
    expect(hostname, stderr).to.match(/^[0-9a-f]{12}$/);
    expect(comm).to.equal('sh');
    expect(Number(processes)).to.be.lessThan(6);
    expect(address).to.match(/172\.17\.0\.\d+\/16/);
    expect(cgroup).to.equal('0::/');
    expect(root).to.match(/^overlay on \/ type overlay/);
  });

  it("has no network but loopback with --network none, and the VM's with host", async () => {
    expect((await sh('ip -o link | cut -d: -f2 | tr -d " \\n"', '--network', 'none')).stdout).to.equal('lo');
    expect((await sh('ip -o -4 addr', '--network', 'host')).stdout).to.match(/10\.0\.2\.15/);
  });

  it("hides and protects the kernel's files, and drops capabilities", async () => {
    const { stdout } = await sh(
      'wc -c < /proc/kcore; echo 1 > /proc/sys/kernel/panic 2>/dev/null || echo read-only; grep CapBnd /proc/self/status; ' +
        'mount -t tmpfs x /mnt 2>/dev/null || echo no-mount; grep Seccomp: /proc/self/status',
    );
    expect(stdout.split('\n').slice(0, 2)).to.deep.equal(['0', 'read-only']);
    expect(stdout).to.match(/CapBnd:\s+00000000a80425fb/);
    expect(stdout).to.match(/no-mount/);
    expect(stdout).to.match(/Seccomp:\s+2/);
  });

  it("cannot reach the machine's own ports on the host, nor the guest's SSH", async () => {
    const inspect = JSON.parse(await world().ok(['machine', 'inspect', 'e2e'])) as {
      Driver: { SSHPort: number };
    };
    const { stdout } = await sh(
      `nc -w 3 10.0.2.2 ${inspect.Driver.SSHPort} </dev/null && echo reached-host; ` +
        'nc -w 3 172.17.0.1 22 </dev/null && echo reached-guest; nc -w 3 10.0.2.15 22 </dev/null && echo reached-guest; ls /run/wherry.sock; echo done',
    );
    expect(stdout.trim()).to.equal('done');
    const registry = await sh(`wget -q -O - http://${world().registryHost}/v2/ && echo reached`);
    expect(registry.stdout, "the host's other ports are there").to.match(/reached/);
  });

  it('cannot reach them from the network of the VM either', async () => {
    const inspect = JSON.parse(await world().ok(['machine', 'inspect', 'e2e'])) as {
      Driver: { SSHPort: number };
    };
    const doors = [`10.0.2.2 ${inspect.Driver.SSHPort}`, '127.0.0.1 22', '10.0.2.15 22', '::1 22'];
    const { stdout } = await sh(
      doors.map((door) => `nc -w 3 ${door} </dev/null && echo reached ${door}; `).join('') +
        `wget -q -O - http://${world().registryHost}/v2/ && echo reached-registry; echo done`,
      '--network',
      'host',
    );
    expect(stdout).not.to.match(/reached |SSH-2/);
    expect(stdout, "the host's other ports are there").to.match(/reached-registry\ndone/);
    expect(
      (await world().wherry(['machine', 'ssh', 'e2e', 'nc -w 3 127.0.0.1 22 </dev/null'])).stdout,
    ).to.match(/^SSH-2.0/);
  });

  it('kills a container that outgrows its memory, with 137', async () => {
    const { status } = await world().wherry([
      'run',
      '--rm',
      '--memory',
      '32m',
      world().image('python:trixie'),
      '-c',
      'bytearray(100 << 20)',
    ]);
    expect(status).to.equal(137);
  });

  it('stops a fork bomb at --pids-limit', async () => {
    const { stdout, stderr } = await sh(
      'for i in $(seq 40); do sleep 600 & done; cat /sys/fs/cgroup/pids.max',
      '--pids-limit',
      '16',
    );
    expect(stderr).to.match(/can't fork|Resource temporarily unavailable/);
    expect(stdout).not.to.match(/max/);
  });

  it('throttles the processor at --cpus', async () => {
    const { stdout } = await sh(
      'cat /sys/fs/cgroup/cpu.max; i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done; grep nr_throttled /sys/fs/cgroup/cpu.stat',
      '--cpus',
      '0.2',
    );
    expect(stdout).to.match(/^20000 100000$/m);
    expect(Number(/nr_throttled (\d+)/.exec(stdout)?.[1])).to.be.greaterThan(0);
  });

  it('lets user space see x86-64-v2 under every accelerator', async () => {
    const { stdout } = await world().wherry([
      'run',
      '--rm',
      '--entrypoint',
      '/lib64/ld-linux-x86-64.so.2',
      world().image('python:trixie'),
      '--help',
    ]);
    expect(stdout).to.match(/x86-64-v2 \(supported/);
  });
});
