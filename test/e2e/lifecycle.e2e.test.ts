import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';

describe('the life of a container', () => {
  const ok = (...args: string[]) => world().ok(args);
  const state = (name: string) => ok('inspect', '-f', '{{.State.Status}}', name);

  it('create, start, pause, unpause, rename, restart, wait, top, rm', async () => {
    const id = (await ok('create', '--name', 'lived', world().image('busybox'), 'sleep', '600')).trim();
    expect(id).to.match(/^[0-9a-f]{64}$/);
    expect(await state('lived')).to.equal('created\n');
    expect(await ok('start', 'lived')).to.equal('lived\n');
    expect(await ok('top', 'lived')).to.match(/^UID +PID[\s\S]*sleep 600/);
    await ok('pause', 'lived');
    expect(await state('lived')).to.equal('paused\n');
    await ok('unpause', 'lived');
    await ok('rename', 'lived', 'renamed');
    await ok('restart', '-t', '0', 'renamed');
    expect(await state(id.slice(0, 12))).to.equal('running\n');
    await ok('kill', '-s', 'KILL', 'renamed');
    expect(await ok('wait', 'renamed')).to.equal('137\n');
    const twice = await world().wherry(['rm', 'renamed', 'nonesuch']);
    expect(twice.stdout).to.equal('renamed\n');
    expect(twice.stderr).to.match(/No such container: nonesuch/);
    expect(twice.status).to.equal(1);
  });

  it('tags are names of the same image', async () => {
    await ok('tag', world().image('busybox'), 'mine:1');
    expect(await ok('inspect', '-f', '{{.Id}}', 'mine:1')).to.equal(
      await ok('inspect', '-f', '{{.Id}}', world().image('busybox')),
    );
    expect(await ok('rmi', 'mine:1')).to.equal('Untagged: mine:1\n');
  });

  it('user-defined networks keep to themselves and resolve names', async () => {
    await ok('network', 'create', '--subnet', '10.99.0.0/24', 'apart');
    try {
      expect(await ok('network', 'ls', '--format', '{{.Name}}')).to.match(/^apart$/m);
      await ok(
        'run',
        '-d',
        '--name',
        'neighbour',
        '--network',
        'apart',
        world().image('busybox'),
        'sleep',
        '600',
      );
      const seen = await ok(
        'run',
        '--rm',
        '--network',
        'apart',
        world().image('busybox'),
        'ping',
        '-c',
        '1',
        'neighbour',
      );
      expect(seen).to.match(/10\.99\.0\.\d+/);
      const outside = await world().wherry([
        'run',
        '--rm',
        world().image('busybox'),
        'nslookup',
        'neighbour',
      ]);
      expect(outside.status, outside.stdout).not.to.equal(0);
    } finally {
      await world().wherry(['rm', '-f', 'neighbour']);
      await world().wherry(['network', 'rm', 'apart']);
    }
    expect(await ok('network', 'ls', '-q', '--filter', 'name=apart')).to.equal('');
  });
});
