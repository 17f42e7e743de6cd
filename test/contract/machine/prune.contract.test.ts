import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { acquireLock } from '../../../src/platform/lock.ts';
import { listenLocal } from '../../../src/platform/local-socket.ts';
import { machineHome, type MachineHome } from '../../helpers/cli/machine-home.ts';
import { runInProcess, type Ended } from '../../helpers/cli/in-process.ts';

/** Leaves a socket behind as a killed process does: libuv removes a path that it has made itself. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(`${path}.x`, listening));
  const { rename } = await import('node:fs/promises');
  await rename(`${path}.x`, path);
  await new Promise((closed) => server.close(closed));
}

describe('wherry machine prune', () => {
  let scratch: string;
  let world: MachineHome;
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'wherry-prune-'));
    world = await machineHome(join(scratch, 'home'), { off: 'stopped', on: 'running', torn: 'broken' });
  });
  afterEach(async () => {
    await world.end();
    await rm(scratch, { recursive: true });
  });

  const prune = (flags: string, input?: string, more: Record<string, string> = {}): Promise<Ended> =>
    runInProcess(['machine', 'prune', ...flags.split(' ').filter(Boolean)], {
      env: { HOME: scratch, WHERRY_HOME: world.home, DOCKER_CONFIG: join(scratch, 'docker'), ...more },
      input,
    });
  const at = (...path: string[]): string => join(world.home, ...path);
  const put = async (text: string, ...path: string[]): Promise<string> => {
    const file = at(...path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  const context = async (machine: string, home: string): Promise<string> => {
    const meta = { Name: machine, Metadata: { Wherry: { Home: home, Machine: machine } }, Endpoints: {} };
    const directory = join(scratch, 'docker', 'contexts', 'meta', machine);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'meta.json'), JSON.stringify(meta));
    return directory;
  };

  it('removes what crashes have left, and nothing else', async () => {
    await leaveSocket(at('machines', 'off', 'docker.sock'));
    const gone = [
      at('machines', 'off', 'docker.sock'),
      await put('x'.repeat(50_000), 'machines', '.new-half~0123456789ab', 'data.img'),
      await put('x', 'machines', '.old-gone~0123456789ab', 'machine.json'),
      await put('x', 'machines', 'off', 'machine.json.0123456789ab.tmp'),
      await put('x', 'machines', 'off', 'keys.new~', 'id_ed25519'),
      await put('x', 'machines', 'off', 'restored~', 'data.img'),
      await put('x', 'machines', 'off', 'snapshots', '.new-s1~0123456789ab', 'data.img'),
      await put('x', 'images', '.building-0123', 'kernel'),
      await put('x', 'cache', 'partial', 'sha256-ab.part'),
      await put('x', 'bootstrap', `${2 ** 22 + 1}-0123456789abcdef-01234567`, 'rootfs'),
      await context('lost', world.home),
    ];
    const kept = [
      at('machines', 'off', 'machine.json'),
      at('machines', 'on', 'fake-vm.json'),
      at('machines', 'torn', 'machine.json'),
      await put('x', 'machines', 'off', 'data.img'),
      await put('x', 'machines', 'off', 'snapshots', 's2', 'data.img'),
      await put('x', 'machines', 'on', 'machine.json.0123456789ab.tmp'),
      await put('x', 'cache', 'sha256', 'ab', 'abcd'),
      await put('x', 'cache', 'debian', 'seen.json'),
      await put('x', 'bootstrap', 'notes.txt'),
      await context('off', world.home),
      await context('theirs', '/somewhere/else'),
    ];
    await writeFile(join(scratch, 'docker', 'contexts', 'meta', 'notes'), 'not a directory');

    const tried = await prune('--dry-run');
    expect(tried.stderr).to.equal('');
    expect(tried.stdout.match(/^Would delete /gm)).to.have.length(gone.length);
    expect(gone.filter((path) => !existsSync(path))).to.deep.equal([]);

    const { status, stdout, stderr } = await prune('-f');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(gone.filter((path) => existsSync(path))).to.deep.equal([]);
    expect(kept.filter((path) => !existsSync(path))).to.deep.equal([]);
    expect(stdout.match(/^Deleted /gm)).to.have.length(gone.length);
    expect(stdout).to.contain(`Deleted half-made machine: ${at('machines', '.new-half~0123456789ab')}\n`);
    expect(stdout).to.match(/\nTotal reclaimed space: [\d.]+[kM]?B\n$/);
    expect((await prune('-f')).stdout).to.equal('Total reclaimed space: 0B\n');
  });

  it('asks first', async () => {
    const half = await put('x', 'machines', '.new-half~0123456789ab', 'data.img');
    const refused = await prune('', 'n\n');
    expect(refused.status).to.equal(0);
    expect(refused.stdout).to.match(/^WARNING! This will remove:\n {2}- machines, .*[^]*\[y\/N\] $/);
    expect(existsSync(half)).to.equal(true);
    expect((await prune('', 'y\n')).stdout).to.contain('Deleted half-made machine');
    expect(existsSync(half)).to.equal(false);
  });

  it('leaves alone what somebody is working on', async () => {
    const half = await put('x', 'machines', '.new-half~0123456789ab', 'data.img');
    const building = await put('x', 'images', '.building-0123', 'kernel');
    const locks = [
      await acquireLock(at('locks', 'half'), { purpose: 'machine create half', verb: 'create' }),
      await acquireLock(at('images', '.lock'), { purpose: 'machine image build' }),
      await acquireLock(at('locks', 'off~agent'), { purpose: 'agent of off' }),
    ];
    const server = await listenLocal(at('machines', 'off', 'agent.sock'), (socket) => socket.destroy());
    try {
      expect((await prune('-f')).stdout).to.equal('Total reclaimed space: 0B\n');
      expect([half, building].every((path) => existsSync(path))).to.equal(true);
    } finally {
      server.close();
      for (const lock of locks) await lock.release();
    }
  });

  it('with --all, unused images and downloads go too, but not those of a cache shared with others', async () => {
    const id = 'ab'.repeat(32);
    const image = await put('{}', 'images', id, 'image.json');
    const download = await put('x', 'cache', 'sha512', 'ab', 'abcd');
    const seen = await put('{}', 'cache', 'debian', 'seen.json');
    await prune('-f -a', undefined, { WHERRY_CACHE: at('cache') });
    expect(existsSync(image)).to.equal(false);
    expect(existsSync(download)).to.equal(true);
    expect((await prune('-f --all')).stdout).to.contain(
      `Deleted verified downloads: ${at('cache', 'sha512')}`,
    );
    expect([existsSync(download), existsSync(seen)]).to.deep.equal([false, true]);
  });

  it('takes no names', async () => {
    expect(await prune('-f off')).to.include({
      status: 1,
      stderr: 'Invalid command line. Found extra arguments [off]\n',
    });
  });
});
