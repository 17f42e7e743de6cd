import { expect } from 'chai';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';
import { runProgram } from '../helpers/process.ts';
import { onTerminal } from '../helpers/terminal.ts';

describe("the stock docker CLI over the agent's socket", () => {
  const docker = async (...args: string[]) => {
    const result = await world().docker(args);
    expect(result.status, `docker ${args.join(' ')}: ${result.stderr}`).to.equal(0);
    return result.stdout;
  };

  it('version and info', async () => {
    expect(
      await docker('version', '--format', '{{.Server.Os}}/{{.Server.Arch}} {{.Server.APIVersion}}'),
    ).to.equal('linux/amd64 1.51\n');
    expect(await docker('info', '--format', '{{.CgroupVersion}} {{.OSType}}')).to.equal('2 linux\n');
  });

  it('pull, run, ps, exec, logs, rm', async () => {
    expect(await docker('pull', world().image('busybox'))).to.match(/Status: Image is up to date/);
    expect(await docker('run', '--rm', world().image('busybox'), 'echo', 'hi')).to.equal('hi\n');
    await docker(
      'run',
      '-d',
      '--name',
      'stock',
      world().image('busybox'),
      'sh',
      '-c',
      'echo logged; echo wrong >&2; sleep 600',
    );
    expect(await docker('ps', '--format', '{{.Names}}')).to.match(/^stock$/m);
    expect(await docker('exec', '-e', 'X=1', 'stock', 'sh', '-c', 'echo $X$(hostname | wc -c)')).to.equal(
      '113\n',
    );
    expect(await docker('logs', 'stock')).to.equal('logged\n');
    expect((await world().docker(['logs', 'stock'])).stderr).to.equal('wrong\n');
    await docker('rm', '-f', 'stock');
  });

  it('exit codes', async () => {
    expect(
      (await world().docker(['run', '--rm', world().image('busybox'), 'sh', '-c', 'exit 42'])).status,
    ).to.equal(42);
    expect((await world().docker(['run', '--rm', world().image('busybox'), 'nope'])).status).to.equal(127);
    expect(
      (
        await world().docker([
          'run',
          '--rm',
          '--privileged',
          '-v',
          '/etc:/x',
          world().image('busybox'),
          'true',
        ])
      ).status,
    ).to.equal(125);
  });

  it('run -it through a PTY', async () => {
    const socket = `unix://${join(world().home, 'machines', MACHINE, 'docker.sock')}`;
    const argv = [join(world().tools.binDir, 'docker'), '-H', socket, 'run', '--rm', '-it'];
    const { seen, status } = await onTerminal(
      [...argv, world().image('busybox'), 'sh'],
      [{ sees: '# ', types: 'tty; stty size; exit 5\n' }],
      world().env,
    );
    expect(seen).to.match(/\/dev\/pts\/0/);
    expect(status).to.equal(5);
  });

  it('the docker that is on PATH, where there is one', async () => {
    const found = await runProgram('sh', ['-c', 'command -v docker || true']);
    if (found.stdout.trim() === '') {
      console.log("    (no docker on PATH: only trixie's was used)");
      return;
    }
    const result = await runProgram(
      'docker',
      ['run', '--rm', world().image('busybox'), 'echo', 'from PATH'],
      {
        env: {
          ...world().env,
          DOCKER_HOST: `unix://${join(world().home, 'machines', MACHINE, 'docker.sock')}`,
        },
      },
    );
    expect(result.stdout, result.stderr).to.equal('from PATH\n');
  });
});
