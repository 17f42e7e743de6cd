import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';

describe('security options', () => {
  const clients = [
    ['docker', (args: readonly string[]) => world().docker(args)],
    ['wherry', (args: readonly string[]) => world().wherry(args)],
  ] as const;

  for (const [client, call] of clients) {
    const sh = async (script: string, ...flags: string[]): Promise<string> => {
      const image = world().image('busybox');
      const { stdout, stderr } = await call([
        'run',
        '--rm',
        ...flags,
        image,
        'sh',
        '-c',
        `exec 2>&1; ${script}`,
      ]);
      return stdout.replaceAll(/[\t ]+/g, ' ') + stderr;
    };

    it(`${client}: --privileged is all capabilities and devices, and a writable /sys`, async () => {
      const output = await sh(
        'grep -E "CapEff|Seccomp:" /proc/self/status; mkdir /m && mount -t tmpfs x /m && echo mounted; test -b /dev/vda && echo disk; head -c 512 /dev/vda | wc -c; mkdir /sys/fs/cgroup/own && echo cgroup; echo 1 > /proc/sys/vm/drop_caches && echo sysctl',
        '--privileged',
      );
      expect(output).to.match(/CapEff: 000001ffffffffff/);
      expect(output).to.match(/Seccomp: 0/);
      for (const word of ['mounted', 'disk', '512', 'cgroup', 'sysctl'])
        expect(output).to.include(`\n${word}\n`);
    });

    it(`${client}: devices with their access, and rules that bite`, async () => {
      const open = 'true < /dev/x && echo read; true > /dev/x && echo written';
      expect(await sh(open, '--device', '/dev/fuse:/dev/x:r')).to.match(
        /^read\n.*create \/dev\/x: Operation not permitted/,
      );
      expect(await sh(open, '--device', '/dev/fuse:/dev/x')).to.equal('read\nwritten\n');
      const own = `mknod /dev/x c 10 229; ${open}`;
      expect(await sh(own)).to.match(/open \/dev\/x: Operation not permitted/);
      expect(await sh(own, '--device-cgroup-rule', 'c 10:229 rw')).to.equal('read\nwritten\n');
      expect(await sh('true', '--device', '/dev/nosuch')).to.match(
        /error gathering device information while adding custom device "\/dev\/nosuch": no such file or directory/,
      );
      expect(await sh('true', '--gpus', 'all')).to.match(
        /could not select device driver "" with capabilities: \[\[gpu\]\]/,
      );
    });

    it(`${client}: capabilities, groups, filters`, async () => {
      const profile = join(world().home, 'seccomp.json');
      const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 };
      writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
      const script = 'grep CapEff /proc/self/status; mkdir /x; id -G; mount | grep -c " /proc/sys "';
      const output = await sh(
        script,
        '--cap-drop',
        'ALL',
        '--cap-add',
        'chown',
        '--group-add',
        '4711',
        '--security-opt',
        `seccomp=${profile}`,
        '--security-opt',
        'systempaths=unconfined',
      );
      expect(output).to.match(/CapEff: 0000000000000001\n.*No space left on device\n0( .*)? 4711( .*)?\n0\n/);
      const refusals: [string[], RegExp][] = [
        [['--cap-add', 'FLY'], /invalid CapAdd: unknown capability: "CAP_FLY"/],
        [['--security-opt', 'nonsense'], /Invalid --security-opt: "nonsense"/i],
        [['--security-opt', 'seccomp=/no/such'], /opening seccomp profile \(\/no\/such\) failed/],
        [['--group-add', 'nosuch'], /Unable to find group nosuch: no matching entries in group file/],
        [['-u', '4294967296'], /uids and gids must be in range 0-2147483647/],
      ];
      for (const [flags, message] of refusals) {
        const { status, stderr } = await call(['run', '--rm', ...flags, world().image('busybox'), 'true']);
        expect(status, flags.join(' ')).to.equal(125);
        expect(stderr).to.match(message);
      }
    });

    it(`${client}: exec --privileged`, async () => {
      const name = `plain-${client}`;
      await world().ok(['run', '-d', '--name', name, world().image('busybox'), 'sleep', '1000']);
      const status = ['grep', 'CapEff', '/proc/self/status'];
      try {
        expect((await call(['exec', name, ...status])).stdout).to.match(/00000000a80425fb/);
        expect((await call(['exec', '--privileged', name, ...status])).stdout).to.match(/000001ffffffffff/);
      } finally {
        await world().wherry(['rm', '-f', name]);
      }
    });
  }
});
