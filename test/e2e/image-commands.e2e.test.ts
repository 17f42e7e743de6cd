import { cp, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MACHINE } from '../helpers/e2e-world.ts';
import { world } from '../helpers/e2e-hooks.ts';
import type { Finished } from '../helpers/process.ts';

/** Not the first bytes, which a mount would notice: some byte of some file. */
const SOME_BYTE = 100_000_000;

describe('wherry machine image', () => {
  let home: string;
  let id: string;

  const image = async (...args: string[]): Promise<Finished> =>
    world().wherry(['machine', 'image', ...args], { env: { WHERRY_HOME: home } });

  /** Changes one byte of the copied image's system disk; doing it twice undoes it. */
  const flip = async (): Promise<void> => {
    const file = await open(join(home, 'images', id, 'system.erofs'), 'r+');
    try {
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, SOME_BYTE);
      await file.write(Buffer.from([byte.readUInt8() ^ 1]), 0, 1, SOME_BYTE);
    } finally {
      await file.close();
    }
  };

  before(async () => {
    const images = join(world().home, 'images');
    id = (await world().ok(['machine', 'inspect', MACHINE, '--format', '{{.Driver.ImageId}}'])).trim();
    home = await mkdtemp(join(tmpdir(), 'wherry-images-'));
    await mkdir(join(home, 'images'), { mode: 0o700 });
    await cp(join(images, id), join(home, 'images', id), { recursive: true });
  });
  after(async () => rm(home, { recursive: true, force: true }));

  it('shows the image, its machine, and every package with where it came from', async () => {
    const rows = (await world().ok(['machine', 'image', 'ls', '--format', 'json'])).trim().split('\n');
    const row = rows.map((line) => JSON.parse(line)).find(({ ID }) => ID === id.slice(0, 12));
    expect(row).to.include({ Arch: 'amd64', UsedBy: MACHINE });
    const shown = JSON.parse(await world().ok(['machine', 'image', 'inspect', id.slice(0, 8)]));
    expect(shown.id).to.equal(id);
    expect(shown.distribution).to.match(/^Debian 13/);
    const crun = shown.lock.debian.find(({ name }: { name: string }) => name === 'crun');
    expect(crun.url).to.match(/\/pool\/main\/c\/crun\/crun_.*\.deb$/);
    expect(crun.sha256).to.match(/^[0-9a-f]{64}$/);
    expect(shown.lock.npm.map(({ name }: { name: string }) => name)).to.include('koffi');
  });

  it('does not remove the image of a machine: rm names the machine, prune leaves it', async () => {
    const refused = await world().wherry(['machine', 'image', 'rm', id]);
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.contain(`is used by the machine ${MACHINE}`);
    expect(await world().ok(['machine', 'image', 'prune'])).not.to.contain(id);
    expect(await world().ok(['machine', 'image', 'ls', '-q'])).to.contain(id.slice(0, 12));
  });

  it('verifies every byte: one changed in the system disk is found, and named', async () => {
    const whole = await image('verify');
    expect([whole.status, whole.stdout]).to.deep.equal([0, `${id.slice(0, 12)}: OK\n`]);
    await flip();
    const tampered = await image('verify', id.slice(0, 6));
    expect(tampered.status).to.equal(1);
    expect(tampered.stdout).to.equal('');
    expect(tampered.stderr).to.match(
      new RegExp(`${id.slice(0, 12)}: system\\.erofs: its sha256 is [0-9a-f]{64}, not [0-9a-f]{64}`),
    );
    expect(tampered.stderr).not.to.contain('initrd');
    await flip();
    expect((await image('verify')).status).to.equal(0);
  });

  it('shows, verifies and removes an image whose manifest is damaged, beside the others', async () => {
    const broken = '0'.repeat(64);
    await mkdir(join(home, 'images', broken));
    await writeFile(join(home, 'images', broken, 'image.json'), '{');
    expect((await image('ls')).stdout)
      .to.contain('broken: ')
      .and.to.contain(id.slice(0, 12));
    const verified = await image('verify');
    expect(verified.status).to.equal(1);
    expect(verified.stdout).to.equal(`${id.slice(0, 12)}: OK\n`);
    expect(verified.stderr).to.contain('000000000000');
    const removed = await image('rm', broken.slice(0, 12));
    expect([removed.status, removed.stdout]).to.deep.equal([0, `Deleted: ${broken}\n`]);
    expect(await readdir(join(home, 'images'))).to.deep.equal([id]);
  });

  it('prunes what no machine uses, and says what that gave', async () => {
    const pruned = await image('prune');
    expect(pruned.status).to.equal(0);
    expect(pruned.stdout).to.match(
      new RegExp(`^Deleted: ${id}\nTotal reclaimed space: \\d\\d\\d(\\.\\d)?MB\n$`),
    );
    expect(await readdir(join(home, 'images'))).to.deep.equal([]);
    const gone = await image('rm', id);
    expect(gone.status).to.equal(1);
    expect(gone.stderr).to.contain(`No image "${id.slice(0, 12)}"`);
  });
});
