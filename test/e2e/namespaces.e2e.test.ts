import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';
import type { Finished } from '../helpers/process.ts';

const KINDS = ['pid', 'ipc', 'uts', 'cgroup', 'net', 'mnt'];
const READ = `for k in ${KINDS.join(' ')}; do readlink /proc/self/ns/$k; done`;

describe('namespaces', () => {
  const clients = [
    ['docker', (args: readonly string[]) => world().docker(args)],
    ['wherry', (args: readonly string[]) => world().wherry(args)],
  ] as const;
  const busybox = (): string => world().image('busybox');
  const lines = ({ stdout }: Finished): string[] => stdout.trim().split('\n');
  const inMachine = async (command: string): Promise<string[]> =>
    (await world().inVm(command)).trim().split('\n');
  const pidOf = async (name: string): Promise<string> =>
    (await world().ok(['inspect', '-f', '{{.State.Pid}}', name])).trim();
  const sleeper = async (name: string, ...flags: string[]): Promise<void> => {
    await world().ok(['run', '-d', '--name', name, ...flags, busybox(), 'sleep', '1000']);
  };
  const remove = async (...names: string[]): Promise<void> => {
    await world().wherry(['rm', '-f', ...names]);
  };

  for (const [client, call] of clients) {
    it(`are the machine's where ${client} asks for that, seen from both sides`, async () => {
      const host = [
        '--pid',
        'host',
        '--ipc',
        'host',
        '--uts',
        'host',
        '--cgroupns',
        'host',
        '--network',
        'host',
      ];
      const inside = lines(await call(['run', '--rm', ...host, busybox(), 'sh', '-c', `${READ}; hostname`]));
      const machine = await inMachine(
        `for k in ${KINDS.join(' ')}; do readlink /proc/1/ns/$k; done; hostname`,
      );
      expect(inside.toSpliced(5, 1)).to.deep.equal(machine.toSpliced(5, 1));
      expect(inside[5], 'mounts are always its own').not.to.equal(machine[5]);
    });

    it(`are another container's for ${client}`, async () => {
      const donor = `donor-${client}`;
      await sleeper(donor, '--ipc', 'shareable', '--shm-size', '1m');
      try {
        await world().ok(['exec', donor, 'sh', '-c', 'echo shared > /dev/shm/x']);
        const join = ['--pid', `container:${donor}`, '--ipc', `container:${donor}`];
        const script = `${READ}; cat /dev/shm/x; ps | grep -c "sleep 1000"; df -k /dev/shm | tail -1`;
        const inside = lines(await call(['run', '--rm', ...join, busybox(), 'sh', '-c', script]));
        const pid = await pidOf(donor);
        const outside = await inMachine(`for k in ${KINDS.join(' ')}; do readlink /proc/${pid}/ns/$k; done`);
        expect(inside.slice(0, 2)).to.deep.equal(outside.slice(0, 2));
        for (const at of [2, 3, 4, 5]) expect(inside[at], KINDS[at]).not.to.equal(outside[at]);
        expect(inside[6]).to.equal('shared');
        expect(Number(inside[7])).to.be.at.least(1);
        expect(inside[8]).to.match(/^shm +1024 /);
      } finally {
        await remove(donor);
      }
    });

    it(`${client} is told what can't be joined`, async () => {
      await sleeper(`closed-${client}`);
      try {
        const cases: [string[], RegExp][] = [
          [['--pid', 'container:nosuch'], /failed to join PID namespace: No such container: nosuch/],
          [
            ['--ipc', `container:closed-${client}`],
            /non-shareable IPC \(hint: use IpcMode:shareable for the donor/,
          ],
          [['--pid', 'mine'], /--pid: invalid PID mode/],
          [['--uts', 'mine'], /--uts: invalid UTS mode/],
          [['--ipc', 'mine'], /invalid IPC mode: mine/],
          [['--uts', 'host', '--hostname', 'x'], /conflicting options: hostname and the UTS mode/],
        ];
        for (const [flags, message] of cases) {
          const { status, stderr } = await call(['run', '--rm', ...flags, busybox(), 'true']);
          expect(status, flags.join(' ')).to.equal(125);
          expect(stderr).to.match(message);
        }
      } finally {
        await remove(`closed-${client}`);
      }
    });
  }

  it('end with the container whose pid namespace it is', async () => {
    await sleeper('owner');
    await sleeper('guest', '--pid', 'container:owner', '--domainname', 'example.org');
    try {
      const waiting = world().wherry(['wait', 'guest']);
      await remove('owner');
      expect((await waiting).stdout.trim()).to.equal('137');
    } finally {
      await remove('owner', 'guest');
    }
  });
});
