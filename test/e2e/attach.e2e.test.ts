import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../helpers/both-clients.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { repository } from '../helpers/e2e-world.ts';
import { onTerminal } from '../helpers/terminal.ts';

const wherry = (...args: string[]): string[] => [process.execPath, join(repository, 'bin/run.js'), ...args];
const docker = (...args: string[]): string[] => [
  join(world().tools.binDir, 'docker'),
  '-H',
  `unix://${join(world().home, 'machines', 'e2e', 'docker.sock')}`,
  ...args,
];

describe('attach, exec and their detach keys', () => {
  before(async () => {
    await world().ok(['run', '-dit', '--name', 'term', world().image('busybox'), 'sh']);
    const script = 'while read -r line; do echo "got $line"; echo err >&2; done; exit 4';
    await world().ok(['run', '-di', '--name', 'lines', world().image('busybox'), 'sh', '-c', script]);
  });
  after(async () => {
    await world().ok(['rm', '-f', 'term', 'lines']);
  });

  it('attach joins the terminal and leaves by the keys that were asked for, in both clients', async () => {
    for (const argv of [wherry, docker]) {
      const { seen } = await onTerminal(
        argv('attach', '--detach-keys', 'ctrl-a,x', 'term'),
        [
          { sees: /^/, types: 'stty size; echo $((40+2))\n' },
          { sees: '42', types: '\u0001x' },
        ],
        world().env,
      );
      expect(seen).to.match(/33 99/);
    }
    expect(await world().ok(['inspect', '-f', '{{.State.Running}}', 'term'])).to.equal('true\n');
  });

  it('exec -it leaves by its keys and its command goes on', async () => {
    const { status } = await onTerminal(
      wherry('exec', '-it', '--detach-keys', 'ctrl-x', 'term', 'sh', '-c', 'echo up; sleep 600'),
      [{ sees: 'up', types: '\u0018' }],
      world().env,
    );
    expect(status).to.equal(0);
    expect(await world().ok(['top', 'term'])).to.include('sleep 600');
  });

  it('attach without a terminal: both streams apart, and the exit status', async () => {
    const script = 'while [ ! -e /go ]; do sleep 0.2; done; echo out; echo err >&2; exit 4';
    await world().ok(['run', '-d', '--name', 'late', world().image('busybox'), 'sh', '-c', script]);
    try {
      const attached = Promise.all([
        world().wherry(['attach', 'late']),
        world().docker(['attach', '--no-stdin', 'late']),
      ]);
      const filters = ['--filter', 'container=late', '--filter', 'event=attach'];
      const arrived = async (): Promise<number> => {
        const { stdout } = await world().docker(['events', '--since', '1h', '--until', '0s', ...filters]);
        return stdout.split('\n').length - 1;
      };
      while ((await arrived()) < 2);
      await world().ok(['exec', 'late', 'touch', '/go']);
      const results = await attached;
      for (const result of results) {
        expect(result).to.include({ status: 4, stdout: 'out\n', stderr: 'err\n' });
      }
    } finally {
      await world().ok(['rm', '-f', 'late']);
    }
  });

  it('what cannot be attached to or run in is named, in both clients', async () => {
    await world().ok(['create', '--name', 'still', world().image('busybox')]);
    await world().ok(['pause', 'term']);
    try {
      for (const [args, message] of [
        [['attach', 'still'], 'cannot attach to a stopped container, start it first'],
        [['attach', 'term'], 'cannot attach to a paused container, unpause it first'],
        [['exec', 'term', 'true'], 'is paused, unpause the container before exec'],
        [['exec', 'still', 'true'], 'is not running'],
        [['exec', 'nosuch', 'true'], 'Error response from daemon: No such container: nosuch'],
      ] as const) {
        for (const { status, stderr } of await outputOf(args)) {
          expect(stderr).to.include(message);
          expect(status).to.equal(1);
        }
      }
    } finally {
      await world().ok(['unpause', 'term']);
      await world().ok(['rm', 'still']);
    }
    // docker's client drops what the engine says to this.
    expect((await world().wherry(['attach', '--detach-keys', 'zz', 'lines'])).stderr).to.equal(
      'Error response from daemon: Invalid detach keys (zz) provided\n',
    );
  });

  it('exec: environment, its file, directory, user and exit status', async () => {
    const file = join(world().home, 'variables');
    writeFileSync(file, '# comment\nFROM_FILE=f\nBOTH=file\n');
    const command = ['sh', '-c', 'echo $FROM_FILE $BOTH $HERE; pwd; id -u; exit 9'];
    const options = ['--env-file', file, '-e', 'BOTH=flag', '-e', 'HERE', '-w', '/tmp', '-u', '12:34'];
    const exec = ['exec', ...options, 'lines', ...command];
    const env = { HERE: 'h' };
    for (const result of [await world().wherry(exec, { env }), await world().docker(exec, { env })]) {
      expect(result).to.include({
        status: 9,
        stdout: 'f flag h\n/tmp\n12\n',
      });
    }
    for (const { status, stderr } of await outputOf(['exec', 'lines', '/nope'])) {
      expect(status).to.equal(127);
      expect(stderr).to.include(
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "/nope"',
      );
    }
    for (const { status, stdout } of await outputOf(['exec', '-d', 'lines', 'true'])) {
      expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '' });
    }
  });
});
