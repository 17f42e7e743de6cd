import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { repository } from '../helpers/e2e-world.ts';
import { guestSeconds } from '../helpers/guest-clock.ts';
import { onTerminal } from '../helpers/terminal.ts';

const wherry = (...args: string[]): string[] => [process.execPath, join(repository, 'bin/run.js'), ...args];

describe('terminals and streams', () => {
  it('run -it gives the container a terminal of the right size, and its exit status', async () => {
    const { seen, status } = await onTerminal(
      wherry('run', '--rm', '-it', world().image('busybox'), 'sh'),
      [{ sees: '# ', types: 'tty; stty size; exit 6\n' }],
      world().env,
    );
    expect(seen).to.match(/\/dev\/pts\/0/);
    expect(seen).to.match(/33 99/);
    expect(status).to.equal(6);
  });

  it('detaches with ctrl-p ctrl-q and leaves the container running', async () => {
    const { status } = await onTerminal(
      wherry('run', '-it', '--name', 'detached', world().image('busybox'), 'sh'),
      [{ sees: '# ', types: '\u0010\u0011' }],
      world().env,
    );
    expect(status).to.equal(0);
    expect(await world().ok(['inspect', '-f', '{{.State.Running}}', 'detached'])).to.equal('true\n');
    await world().ok(['rm', '-f', 'detached']);
  });

  it('exec -it runs beside the first process, on a terminal of its own', async () => {
    await world().ok(['run', '-d', '--name', 'beside', world().image('busybox'), 'sleep', '600']);
    try {
      const { seen, status } = await onTerminal(
        wherry('exec', '-it', 'beside', 'sh'),
        [{ sees: '# ', types: 'stty size; cat /proc/1/comm; exit 4\n' }],
        world().env,
      );
      expect(seen).to.match(/33 99\s+sleep/);
      expect(status).to.equal(4);
      const piped = await world().wherry(['exec', '-i', 'beside', 'wc', '-c'], {
        input: 'x'.repeat(100_000),
      });
      expect(piped).to.include({ status: 0, stdout: '100000\n' });
    } finally {
      await world().ok(['rm', '-f', 'beside']);
    }
  });

  it('logs -f follows until the container ends, --tail and -t choose', async () => {
    const script = 'echo one; echo two >&2; sleep 2; echo three';
    await world().ok(['run', '-d', '--name', 'talker', world().image('busybox'), 'sh', '-c', script]);
    const followed = await world().wherry(['logs', '-f', 'talker']);
    expect(followed).to.include({ status: 0, stdout: 'one\nthree\n', stderr: 'two\n' });
    expect(await world().ok(['logs', '--tail', '1', 'talker'])).to.equal('three\n');
    expect(await world().ok(['logs', '-t', '--tail', '1', 'talker'])).to.match(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z three\n$/,
    );
    await world().ok(['rm', 'talker']);
  });

  it('events tells what happens to a container, in order', async () => {
    const child = spawn(
      process.execPath,
      wherry('events', '--filter', 'type=container', '--format', '{{.Action}}').slice(1),
      {
        env: world().env,
      },
    );
    let seen = '';
    const closed = new Promise((resolve) => child.once('close', resolve));
    const listening = await guestSeconds();
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes('destroy')) child.kill('SIGINT');
    });
    await world().ok(['run', '--rm', '--name', 'noted', world().image('busybox'), 'true']);
    const past = await world().ok([
      'events',
      '--since',
      String(listening),
      '--until',
      String((await guestSeconds()) + 1),
      '--filter',
      'container=noted',
      '--format',
      '{{.Action}}',
    ]);
    expect(past.trim().split('\n')).to.include.members(['create', 'start', 'die', 'destroy']);
    child.kill('SIGINT');
    await closed;
  });

  it('a client that vanishes in mid-stream leaves the container running', async () => {
    const child = spawn(
      process.execPath,
      wherry('run', '--name', 'left', world().image('busybox'), 'sh', '-c', 'while :; do echo x; done').slice(
        1,
      ),
      {
        env: world().env,
      },
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(await world().ok(['inspect', '-f', '{{.State.Status}}', 'left'])).to.equal('running\n');
    await world().ok(['rm', '-f', 'left']);
  });
});
