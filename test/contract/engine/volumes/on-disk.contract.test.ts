import { expect } from 'chai';
import {
  readlinkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBus } from '../../../../src/engine/events.ts';
import { Volumes } from '../../../../src/engine/volumes/volumes.ts';

const LABELS = { a: 'b' };

/** The real filesystem; Linux, as root. */
describe('volumes on disk', () => {
  let directory: string;
  let root: string;
  let volumes: Volumes;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-v-'));
    root = join(directory, 'root');
    mkdirSync(join(root, 'seed/sub'), { recursive: true });
    writeFileSync(join(root, 'seed/file'), 'content');
    writeFileSync(join(root, 'seed/sub/file'), 'more');
    volumes = await Volumes.open(directory, new EventBus());
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const make = (name: string) => volumes.create({ name, driver: '', labels: LABELS });
  const reopen = async (): Promise<void> => {
    volumes = await Volumes.open(directory, new EventBus());
  };

  it('are what they were for the next engine', async () => {
    const made = await make('data');
    writeFileSync(join(made.mountpoint, 'file'), 'x');
    await reopen();
    expect(volumes.get('data')).to.deep.equal(made);
    expect(readFileSync(join(made.mountpoint, 'file'), 'utf8')).to.equal('x');
  });

  it('are whole or gone after a crash, wherever it came', async () => {
    const { mountpoint } = await make('data');
    const own = join(directory, 'volumes');
    for (const left of ['.new-1/_data', '.removed-1/_data/deep', 'data/_data.new-1/half']) {
      mkdirSync(join(own, left), { recursive: true });
      writeFileSync(join(own, left, 'file'), 'x');
    }
    await reopen();
    expect(readdirSync(own)).to.deep.equal(['data']);
    expect(readdirSync(join(own, 'data')).toSorted()).to.deep.equal(['_data', 'volume.json']);
    expect(readdirSync(mountpoint)).to.deep.equal([]);
  });

  it('keep their content when a power cut took their record', async () => {
    const { mountpoint } = await make('data');
    writeFileSync(join(mountpoint, 'file'), 'x');
    for (const record of ['', '{"version":2}']) {
      writeFileSync(join(directory, 'volumes/data/volume.json'), record);
      await reopen();
      expect(volumes.get('data')).to.include({ name: 'data', labels: null });
      expect(readdirSync(mountpoint)).to.deep.equal(['file']);
    }
  });

  it('are made once by those who want the same at the same time', async () => {
    const wanted = { name: 'data', driver: '', labels: null };
    const made = await Promise.all(['c1', 'c2', 'c3'].map(async (id) => volumes.use(wanted, id)));
    expect(new Set(made.map(({ createdAt, mountpoint }) => createdAt + mountpoint)).size).to.equal(1);
    expect([...(volumes.list()[0]?.users ?? [])]).to.deep.equal(['c1', 'c2', 'c3']);
    await volumes.release('c1', ['data']);
    expect(volumes.list()).to.have.length(1);
    await Promise.all([volumes.release('c2', ['data']), volumes.release('c3', ['data'])]);
    expect(volumes.list()).to.deep.equal([]);
    expect(readdirSync(join(directory, 'volumes'))).to.deep.equal([]);
  });

  it('are filled once, however many ask', async () => {
    const { mountpoint } = await make('data');
    await Promise.all([1, 2, 3].map(async () => volumes.populate('data', root, '/seed', true)));
    expect(readdirSync(mountpoint).toSorted()).to.deep.equal(['file', 'sub']);
    expect(readdirSync(join(directory, 'volumes/data')).toSorted()).to.deep.equal(['_data', 'volume.json']);
  });

  it('are filled under the eyes of a container that has them mounted', async () => {
    const { mountpoint } = await make('data');
    const before = statSync(mountpoint).ino;
    volumes.mount('c1', { name: 'data', destination: '/x', writable: true });
    await volumes.populate('data', root, '/seed', true);
    expect(statSync(mountpoint).ino).to.equal(before);
    expect(readFileSync(join(mountpoint, 'sub/file'), 'utf8')).to.equal('more');
  });

  it('take nothing from outside of the root', async () => {
    const secret = join(directory, 'secret');
    mkdirSync(secret);
    writeFileSync(join(secret, 'key'), 'x');
    symlinkSync(secret, join(root, 'absolute'));
    symlinkSync('../secret', join(root, 'relative'));
    symlinkSync('..', join(root, 'up'));
    const { mountpoint } = await make('data');
    for (const path of ['/absolute', '/relative', '/up/secret', '/../secret', '/none', '/seed/file']) {
      await volumes.populate('data', root, path, false);
      expect(readdirSync(mountpoint), path).to.deep.equal([]);
    }
    // A link inside is copied as a link.
    symlinkSync(secret, join(root, 'seed/link'));
    await volumes.populate('data', root, '/seed', false);
    expect(readlinkSync(join(mountpoint, 'link'))).to.equal(secret);
    await volumes.remove('data');
    expect(readdirSync(secret)).to.deep.equal(['key']);
  });
});
