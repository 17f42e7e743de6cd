import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MACHINE } from '../helpers/e2e-world.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { eventually } from '../helpers/eventually.ts';
import { file } from '../helpers/images/entries.ts';
import { layerTar } from '../helpers/images/layer-tar.ts';

const MB = 1024 * 1024;

describe('what images take of this computer', () => {
  /** What `du` says of the machine's data disk, in bytes. */
  const onHost = async (): Promise<number> =>
    statSync(join(world().home, 'machines', MACHINE, 'data.img')).blocks * 512;
  /** An image of one layer that nothing compresses: it takes its size as a blob, and once more as a file system. */
  const imported = async (bytes: number, ...name: string[]): Promise<string> => {
    const tar = gzipSync(layerTar([file('noise', randomBytes(bytes))]), { level: 1 });
    return (await world().ok(['import', '-', ...name], { input: tar })).trim();
  };

  it('is given back when they are removed, one by one or by system prune', async () => {
    await world().inVm('sync'); // What others have removed is given back by now, or hardly matters.
    const before = await onHost();
    const nameless = await imported(8 * MB);
    const named = await imported(8 * MB, 'noise:1');
    const full = await onHost();
    expect(full - before).to.be.greaterThan(24 * MB);
    await world().ok(['rmi', named]);
    expect(await world().ok(['system', 'prune', '-f'])).to.contain(nameless);
    // When the file system's journal has the removal for good: every five seconds, or sooner.
    await eventually(onHost, (now) => full - now > 24 * MB, "the layers' bytes on this computer");
  });
});

describe('images by digest and by platform', () => {
  it('are shown with their digests by both clients', async () => {
    const repository = `${world().registryHost}/library/busybox`;
    const words = ['images', '--digests', '--format', '{{.Repository}} {{.Tag}} {{.Digest}}', repository];
    const ours = await world().ok(words);
    expect(ours).to.match(/^\S+ latest sha256:[0-9a-f]{64}\n$/);
    expect((await world().docker(words)).stdout).to.equal(ours);
    const table = (await world().ok(['images', '--digests', repository])).split('\n')[0] ?? '';
    expect(table.split(/ {2,}/).slice(0, 4)).to.deep.equal(['REPOSITORY', 'TAG', 'DIGEST', 'IMAGE ID']);
  });

  it('are found for the platform that they are of only', async () => {
    const inspect = async (platform: string) =>
      await world().wherry([
        'image',
        'inspect',
        '-f',
        '{{.Os}}',
        '--platform',
        platform,
        world().image('busybox'),
      ]);
    expect(await inspect('linux/amd64')).to.include({ status: 0, stdout: 'linux\n' });
    const wrong = await inspect('linux/arm64');
    expect(wrong.status).to.equal(1);
    expect(wrong.stderr).to.match(/its platform \(linux\/amd64\) does not match .* \(linux\/arm64/);
    const without = await world().wherry(['inspect', '--platform', 'linux/amd64', world().image('busybox')]);
    expect(without.status).to.equal(125);
  });
});

describe('compressed layers that are given up', () => {
  let directory: string;
  const image = (): string => world().image('busybox');
  const reject = async (how: 'add' | 'delete'): Promise<string> => {
    const port = world().registryHost.split(':')[1] ?? '';
    const rules = [
      'table inet gone',
      "chain inet gone out '{ type filter hook output priority 0; }'",
      `rule inet gone out tcp dport ${port} reject with tcp reset`,
    ];
    return await world().inVm(
      how === 'delete' ? 'nft delete table inet gone' : rules.map((rule) => `nft add ${rule}`).join(' && '),
    );
  };

  /** Kilobytes. */
  const kept = async (): Promise<number> =>
    Number((await world().inVm('du -sk /var/lib/wherry/blobs')).split('\t')[0]);

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-blobs-'));
  });
  after(async () => {
    rmSync(directory, { recursive: true });
    await world().wherry(['rmi', `${world().registryHost}/given/up:1`]);
  });

  it('are fetched again for save, and not needed for a push that finds them', async () => {
    const pruned = await world().ok(['image', 'prune', '-f', '--blobs']);
    expect(pruned).to.match(/^Total reclaimed space: [\d.]+MB\n$/);
    expect(await world().ok(['run', '--rm', image(), 'echo', 'it runs'])).to.equal('it runs\n');
    const other = `${world().registryHost}/given/up:1`;
    await world().ok(['tag', image(), other]);
    expect(await world().ok(['push', other])).to.match(/1: digest: sha256:/);
    const saved = join(directory, 'saved.tar');
    const { status, stderr } = await world().docker(['save', '-o', saved, image()]);
    expect(status, stderr).to.equal(0);
    expect(statSync(saved).size).to.be.greaterThan(MB / 2);
  });

  it('are named with where they were looked for, while the registry is gone', async () => {
    const before = await kept();
    // docker's client shows the space only where images went.
    const pruned = await world().docker(['image', 'prune', '-f', '--filter', 'blobs=true']);
    expect(pruned.status, pruned.stderr).to.equal(0);
    expect(await kept()).to.be.below(before);
    await reject('add');
    try {
      const { status, stderr } = await world().wherry(['save', '-o', join(directory, 'x.tar'), image()]);
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /image sha256:[0-9a-f]{64} can't be saved: its compressed layers (sha256:[0-9a-f]{64}(, )?){3} are no longer kept/,
      );
      expect(stderr).to.contain(`${world().registryHost}/library/busybox`);
    } finally {
      await reject('delete');
    }
    await world().ok(['save', '-o', join(directory, 'x.tar'), image()]);
  });
});
