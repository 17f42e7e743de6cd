import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';

describe('a machine of another architecture', () => {
  after(async () => {
    await world().wherry(['machine', 'rm', '-f', 'arm']);
  });

  it('runs arm64 containers, chosen from the same image index', async function () {
    this.timeout(600_000);
    const registry = world().registryHost;
    await world().ok(
      [
        'machine',
        'create',
        '--arch',
        'arm64',
        '--memory',
        '1024',
        '--engine-insecure-registry',
        registry,
        'arm',
      ],
      {
        timeoutMs: 540_000,
      },
    );
    const run = (...words: string[]) =>
      world().ok(['--machine', 'arm', 'run', '--rm', ...words], { timeoutMs: 300_000 });
    expect(await run(world().image('busybox'), 'uname', '-m')).to.equal('aarch64\n');
    expect(await run('hello-world')).to.match(/^\nHello from Wherry!/);
    expect(
      await world().ok(['--machine', 'arm', 'version', '--format', '{{.Server.Os}}/{{.Server.Arch}}']),
    ).to.equal('linux/arm64\n');
    expect(await world().ok(['run', '--rm', world().image('busybox'), 'uname', '-m'])).to.equal('x86_64\n');
  });
});
