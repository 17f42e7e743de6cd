import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';

describe('files of containers', () => {
  const busybox = () => world().image('busybox');
  const box = 'e2e-files';
  let place: string;

  before(async () => {
    place = mkdtempSync(join(tmpdir(), 'wherry-files-'));
    await world().ok(['run', '-d', '--name', box, '-v', 'e2e-files:/data', busybox(), 'sleep', '1000']);
  });
  after(async () => {
    await world().wherry(['rm', '-fv', box]);
    await world().wherry(['volume', 'rm', 'e2e-files']);
    rmSync(place, { recursive: true });
  });
  const inside = async (script: string) => world().ok(['exec', box, 'sh', '-c', script]);
  const both = [
    ['docker', (words: string[]) => world().docker(words)],
    ['wherry', (words: string[]) => world().wherry(words)],
  ] as const;

  it('go in and out, running and stopped, volumes too, by both CLIs', async () => {
    const big = Buffer.alloc(1024 * 1024, 'big ');
    const does = async (cli: (typeof both)[number][1], ...words: string[]): Promise<string> => {
      const { status, stdout, stderr } = await cli(['cp', ...words]);
      expect(status, stderr).to.equal(0);
      return stdout;
    };
    mkdirSync(join(place, 'tree/sub'), { recursive: true });
    writeFileSync(join(place, 'tree/sub/file'), 'from outside', { mode: 0o640 });
    writeFileSync(join(place, 'tree/big'), big);
    for (const [name, cli] of both) await does(cli, join(place, 'tree'), `${box}:/data/${name}`);
    const seen = 'cat /data/*/sub/file; stat -c %a /data/*/sub/file';
    expect(await inside(seen)).to.equal('from outsidefrom outside640\n640\n');
    await world().ok(['stop', '-t', '0', box]);
    for (const [name, cli] of both) {
      await does(cli, `${box}:/data/${name}/.`, join(place, name));
      expect(readFileSync(join(place, name, 'sub/file'), 'utf8')).to.equal('from outside');
      expect(statSync(join(place, name, 'sub/file')).mode & 0o777).to.equal(0o640);
      expect(readFileSync(join(place, name, 'big')).equals(big)).to.equal(true);
      await does(cli, join(place, 'tree/sub/file'), `${box}:/root-${name}`);
      const none = await cli(['cp', `${box}:/none`, place]);
      expect([none.status, none.stderr.trim()]).to.deep.equal([
        1,
        `Error response from daemon: Could not find the file /none in container ${box}`,
      ]);
    }
    await world().ok(['start', box]);
    expect(await inside('cat /root-docker /root-wherry')).to.equal('from outsidefrom outside');
    for (const [name, cli] of both) {
      expect(await does(cli, `${box}:/root-${name}`, '-')).to.match(/^root-[a-z]+\0[^]*from outside/);
    }
  });

  it('are exported without the volumes', async () => {
    const path = join(place, 'export.tar');
    await world().ok(['export', '-o', path, box]);
    const names = readFileSync(path).toString('latin1');
    expect(names).to.include('bin/busybox').and.not.include('data/docker/sub');
    const docker = await world().docker(['export', '-o', `${path}.docker`, box]);
    expect(docker.status, docker.stderr).to.equal(0);
    expect(statSync(`${path}.docker`).size).to.equal(statSync(path).size);
  });

  it('are told apart from the image, and counted', async () => {
    const id = (
      await world().ok([
        'run',
        '-d',
        busybox(),
        'sh',
        '-c',
        'rm /etc/group; dd if=/dev/zero of=/tmp/x bs=1000 count=3; sleep 1000',
      ])
    ).trim();
    await world().ok([
      'exec',
      id,
      'sh',
      '-c',
      'while [ ! -s /tmp/x ]; do sleep 0.1; done; mkdir -p /new/dir',
    ]);
    const diff = await world().ok(['diff', id]);
    expect(diff.split('\n')).to.include.members([
      'C /etc',
      'D /etc/group',
      'A /new',
      'A /new/dir',
      'A /tmp/x',
    ]);
    expect(diff).not.to.match(/\/etc\/hosts|\/proc|\/sys|\/dev/);
    expect((await world().docker(['diff', id])).stdout).to.equal(diff);
    expect(await world().ok(['inspect', '-s', '-f', '{{.SizeRw}}', id])).to.equal('3000\n');
    const sized = await world().ok(['ps', '-s', '--filter', `id=${id}`]);
    expect(sized).to.match(/ SIZE\n.* 3kB \(virtual [\d.]+MB\)\n$/);
    // The status has another second by then.
    const columns = (text: string) =>
      text.split('\n').map((line) => line.split(/ {2,}/).filter((cell) => !/^Up| ago$/.test(cell)));
    const theirs = (await world().docker(['ps', '-s', '--filter', `id=${id}`])).stdout;
    expect(columns(theirs)).to.deep.equal(columns(sized));
    const df = await world().ok(['system', 'df']);
    expect(df).to.match(
      /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +\d+ +\d+ +[\d.]+MB +[\d.]+MB \(\d+%\)\nContainers +\d/,
    );
    expect((await world().docker(['system', 'df'])).stdout).to.equal(df);
    const detailed = (await world().docker(['system', 'df', '-v'])).stdout;
    expect(columns(await world().ok(['system', 'df', '-v']))).to.deep.equal(columns(detailed));
    expect(detailed).to.match(/^e2e-files +1 +[\d.]+MB$/m);
    await world().ok(['rm', '-f', id]);
  });

  it('and what nothing needs goes with system prune', async () => {
    await world().ok(['image', 'prune', '-f']); // Pulls of others that broke off have left something, it may be.
    const id = (await world().ok(['create', '--label', 'e2e-prune', busybox(), 'true'])).trim();
    const pruned = await world().docker(['system', 'prune', '-f', '--filter', 'label=e2e-prune']);
    expect(pruned.stdout, pruned.stderr).to.equal(
      `Deleted Containers:\n${id}\n\nTotal reclaimed space: 0B\n`,
    );
    const again = (await world().ok(['create', '--label', 'e2e-prune', busybox(), 'true'])).trim();
    expect(await world().ok(['system', 'prune', '-f', '--filter', 'label=e2e-prune'])).to.equal(
      `Deleted Containers:\n${again}\n\nTotal reclaimed space: 0B\n`,
    );
    expect(await world().ok(['image', 'prune', '-f'])).to.equal('Total reclaimed space: 0B\n');
  });

  it('cannot be led out of the container into the machine', async () => {
    // /var/lib/wherry is the machine's data, and no path of the container's.
    await inside('ln -s /var/lib/wherry /root/out; ln -s /etc/init.d /root/etc');
    const words = ['cp', `${box}:/root/out/`, join(place, 'never')];
    for (const [, cli] of both) expect((await cli(words)).status).to.equal(1);
    expect(readdirSync(place)).not.to.include('never');
    const file = join(place, 'x');
    writeFileSync(file, 'x');
    expect((await world().docker(['cp', file, `${box}:/root/out/x`])).status).to.equal(1);
  });
});
