import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { outputOf } from '../helpers/both-clients.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { repository } from '../helpers/e2e-world.ts';
import { waitForLog } from '../helpers/wait-for-log.ts';

const HEAD = /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS *$/;

describe('stats', () => {
  const busybox = () => world().image('busybox');

  before(async () => {
    // Busy with one CPU, holds 24 MB of memory, and has two processes.
    const script =
      'dd if=/dev/zero of=/dev/shm/x bs=1M count=24 2>/dev/null; sleep 600 & echo busy; while :; do :; done';
    const limits = ['--memory', '64m', '--pids-limit', '50'];
    await world().ok(['run', '-d', '--name', 'stats-busy', ...limits, busybox(), 'sh', '-c', script]);
    await waitForLog(world(), 'stats-busy', 'busy');
    await world().ok(['create', '--name', 'stats-idle', busybox(), 'true']);
  });
  after(() => world().ok(['rm', '-f', 'stats-busy', 'stats-idle']));

  it('show the same columns with the right figures in both CLIs', async () => {
    const args = ['stats', '--no-stream', 'stats-busy'];
    for (const { stdout, stderr, status } of await outputOf(args)) {
      expect(status, stderr).to.equal(0);
      const [head = '', row = ''] = stdout.split('\n');
      expect(head).to.match(HEAD);
      const cells = row.split(/ {2,}/);
      expect(cells[0]).to.match(/^[0-9a-f]{12}$/);
      expect(cells[1]).to.equal('stats-busy');
      // One CPU; of a VM whose own CPUs don't always run, the kernel's ticks count less than there was.
      expect(Number.parseFloat(cells[2] ?? '')).to.be.within(30, 400);
      const [used = '', limit] = (cells[3] ?? '').split(' / ');
      expect(used).to.match(/MiB$/);
      expect(Number.parseFloat(used)).to.be.within(24, 30);
      expect(limit).to.equal('64MiB');
      expect(cells[5]).to.match(/^\S+B \/ \S+B$/);
      expect(cells[7]?.trim()).to.equal('2');
    }
  });

  it('list what runs, with -a all, and take templates', async () => {
    const names = async (...flags: string[]): Promise<string[]> =>
      (await world().ok(['stats', '--no-stream', '--format', '{{.Name}}', ...flags])).trim().split('\n');
    expect(await names())
      .to.include('stats-busy')
      .and.not.to.include('stats-idle');
    expect(await names('-a')).to.include.members(['stats-busy', 'stats-idle']);
    const args = ['stats', '--no-stream', '--no-trunc', '--format', 'json', 'stats-idle'];
    const [ours, theirs] = await outputOf(args);
    expect(JSON.parse(ours.stdout)).to.deep.equal(JSON.parse(theirs.stdout));
    const missing = await world().wherry(['stats', '--no-stream', 'nonesuch']);
    expect(missing).to.include({ status: 1, stdout: '' });
    expect(missing.stderr).to.match(/No such container: nonesuch/);
  });

  it('go on, drawn over what was there, until the container is removed', async () => {
    await world().ok(['run', '-d', '--name', 'stats-brief', busybox(), 'sleep', '600']);
    const child = spawn(process.execPath, [join(repository, 'bin/run.js'), 'stats', 'stats-brief'], {
      env: world().env,
    });
    let output = '';
    const closed = once(child, 'close');
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if ((output.match(/stats-brief/g) ?? []).length >= 2) resolve();
      });
    });
    await world().ok(['rm', '-f', 'stats-brief']);
    expect(await closed).to.deep.equal([0, null]);
    expect(output.split('\u001B[H')[1]?.split('\u001B[K\n')[0]).to.match(HEAD);
  });
});
