import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { repository } from '../helpers/e2e-world.ts';
import { spawnProgram } from '../helpers/spawned.ts';

describe('wherry run', () => {
  const busybox = () => world().image('busybox');
  const run = (...args: string[]) => world().wherry(['run', '--rm', ...args]);

  it("pulls hello-world at the first run, in docker's order, and is silent at the second", async () => {
    const first = await world().wherry(['run', '--rm', 'hello-world']);
    expect(first.status, first.stderr).to.equal(0);
    expect(first.stdout).to.equal('Hello from the registry!\n');
    const lines = first.stderr.trim().split('\n');
    expect(lines[0]).to.equal("Unable to find image 'hello-world:latest' locally");
    expect(lines[1]).to.equal('latest: Pulling from library/hello-world');
    expect(lines.slice(2, -2)).to.have.length(3);
    for (const line of lines.slice(2, -2))
      expect(line).to.match(/^[0-9a-f]{12}: (Pull complete|Already exists)$/);
    expect(lines.at(-2)).to.match(/^Digest: sha256:[0-9a-f]{64}$/);
    expect(lines.at(-1)).to.equal('Status: Downloaded newer image for hello-world:latest');
    const second = await world().wherry(['run', '--rm', 'hello-world']);
    expect(second).to.include({ status: 0, stdout: 'Hello from the registry!\n', stderr: '' });
  });

  it('keeps stdout, stderr and the exit status apart', async () => {
    const result = await run(busybox(), 'sh', '-c', 'echo out; echo err >&2; exit 3');
    expect(result).to.include({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('gives stdin to the container, end of file included', async () => {
    const bytes = Buffer.alloc(300_000, 'wherry\n');
    const result = await world().wherry(['run', '--rm', '-i', busybox(), 'sha256sum'], { input: bytes });
    expect(result.stdout).to.contain(createHash('sha256').update(bytes).digest('hex'));
  });

  it('ends its options at the first positional, as docker does', async () => {
    expect((await run(busybox(), 'sh', '-c', 'echo $0', '-it')).stdout).to.equal('-it\n');
    expect((await run(busybox(), 'echo', 'a', '--', 'b', 'a', '--', '--help')).stdout).to.equal(
      'a -- b a -- --help\n',
    );
    expect((await run('-e', 'A=1', busybox(), 'env')).stdout).to.match(/^A=1$/m);
    const grep = await world().wherry(['run', '--rm', '-i', busybox(), 'grep', '-e', 'x'], {
      input: 'axb\nc\n',
    });
    expect(grep).to.include({ status: 0, stdout: 'axb\n' });
  });

  it('takes -e, -w, -u, --entrypoint and --name', async () => {
    const result = await run(
      '-e',
      'GREETING=hi there',
      '-w',
      '/opt',
      '-u',
      '1000:1001',
      '--entrypoint',
      'sh',
      busybox(),
      '-c',
      'echo "$GREETING $(pwd) $(id -u):$(id -g)"',
    );
    expect(result.stdout, result.stderr).to.equal('hi there /opt 1000:1001\n');
  });

  it('exits with 127, 126, 125 and 128+n where docker does', async () => {
    const missing = await run(busybox(), 'no-such-program');
    expect(missing.status, missing.stderr).to.equal(127);
    expect(missing.stderr).to.match(/no-such-program.*executable file not found/);
    expect((await run(busybox(), '/etc/passwd')).status).to.equal(126);
    expect((await run('--network', 'no-such-network', busybox(), 'true')).status).to.equal(125);
    expect((await run(busybox(), 'sh', '-c', 'kill -TERM $$; sleep 5')).status).to.be.oneOf([143, 0]);
    expect((await run(busybox(), 'sh', '-c', 'sh -c "kill -KILL \\$\\$"; exit $?')).status).to.equal(137);
    expect((await run('--memory', 'plenty', busybox(), 'true')).status).to.equal(125);
  });

  it('refuses what comes later by name, with 125 and nothing left behind', async () => {
    const shared = await run('-v', '/etc:/mnt', busybox(), 'true');
    expect(shared.status).to.equal(125);
    expect(shared.stderr).to.match(/\/etc/);
    const before = await world().ok(['ps', '-aq']);
    const published = await run('-p', '8080:80/sctp', busybox(), 'true');
    expect(published.status).to.equal(125);
    expect(published.stderr).to.match(/publishing SCTP ports is not implemented yet/);
    expect(await world().ok(['ps', '-aq'])).to.equal(before);
  });

  it('names an image that no registry has', async () => {
    const result = await world().wherry(['run', '--rm', world().image('nonesuch')]);
    expect(result.status).to.equal(125);
    expect(result.stderr).to.match(/Unable to find image '.*nonesuch:latest' locally/);
    expect(result.stderr).to.match(/manifest unknown|not found|denied/);
  });

  it('passes SIGTERM on to the container', async () => {
    const script = "trap 'echo got TERM; exit 7' TERM; echo ready; while :; do sleep 0.1; done";
    const words = [join(repository, 'bin/run.js'), 'run', '--rm', busybox(), 'sh', '-c', script];
    const child = spawnProgram(process.execPath, words, world().env);
    await child.says(/ready/);
    process.kill(child.pid, 'SIGTERM');
    expect(await child.finished).to.include({ status: 7, stdout: 'ready\ngot TERM\n' });
  });
});
