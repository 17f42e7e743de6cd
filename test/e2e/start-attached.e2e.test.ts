import { expect } from 'chai';
import { outputOf } from '../helpers/both-clients.ts';
import { world } from '../helpers/e2e-hooks.ts';

describe('start -a', () => {
  const image = (): string => world().image('busybox');

  before(async () => {
    await world().ok(['pull', '-q', image()]);
  });

  it('shows what the container prints and ends as it does, in both CLIs', async () => {
    await world().ok(['create', '--name', 'again', image(), 'sh', '-c', 'echo out; echo err >&2; exit 4']);
    try {
      for (const { stdout, stderr, status } of await outputOf(['start', '-a', 'again'])) {
        expect({ stdout, stderr, status }).to.deep.equal({ stdout: 'out\n', stderr: 'err\n', status: 4 });
      }
    } finally {
      await world().ok(['rm', 'again']);
    }
  });

  it('gives it the input, and takes one container only', async () => {
    await world().ok(['create', '-i', '--rm', '--name', 'reads', image(), 'cat']);
    const read = await world().wherry(['start', '-ai', 'reads'], { input: 'hello\n' });
    expect(read.stdout).to.equal('hello\n');
    expect(read.status).to.equal(0);
    const two = await world().wherry(['start', '-a', 'one', 'two']);
    expect(two.stderr).to.match(/^you cannot start and attach multiple containers at once/);
    expect(two.status).to.equal(1);
  });

  it('run -a attaches to what it names', async () => {
    const args = ['run', '--rm', '-a', 'stderr', image(), 'sh', '-c', 'echo out; echo err >&2'];
    for (const { stdout, stderr } of await outputOf(args)) {
      expect({ stdout, stderr }).to.deep.equal({ stdout: '', stderr: 'err\n' });
    }
  });
});
