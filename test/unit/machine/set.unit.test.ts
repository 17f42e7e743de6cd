import { expect } from 'chai';
import { readFile, rename, stat, truncate } from 'node:fs/promises';
import { createMachine, type CreateRequest } from '../../../src/machine/create.ts';
import { inspectMachine } from '../../../src/machine/inspect.ts';
import { setMachine, type SettingsChange } from '../../../src/machine/set.ts';
import { machineStatus } from '../../../src/machine/status.ts';
import { stopMachine } from '../../../src/machine/stop.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

describe('machine set', () => {
  let world: MachineWorld;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended' });
  });
  afterEach(() => world.end());

  const create = (more: Partial<CreateRequest> = {}): Promise<unknown> =>
    createMachine(world.context, { name: 'x', driver: 'fake', ...more }, world.report, world.signal);
  const set = (change: SettingsChange, restart = false): Promise<void> =>
    setMachine(world.context, 'x', change, restart, world.report, world.signal);
  const config = async () => (await world.context.store.load('x')).config;
  const hint = 'note: Restart the machine for this to take effect: wherry machine restart x';

  it('changes sizes; a disk never gets smaller', async () => {
    await create({ start: false, diskGiB: 5 });
    await set({ cpus: 3, memoryMiB: 777, diskGiB: 6 });
    expect(await config()).to.include({ cpus: 3, memoryMiB: 777, diskGiB: 6 });
    await set({ cpus: 1 });
    expect(await config()).to.include({ cpus: 1, memoryMiB: 777, diskGiB: 6 });
    const { dataDisk } = world.context.store.files('x');
    await truncate(dataDisk, 6 * 2 ** 30);
    expect(await failureOf(set({ diskGiB: 5, cpus: 2 }))).to.equal(
      `INVALID_OPTION: the data disk of "x" has 6 GiB and can't be made smaller (--disk 5)`,
    );
    expect(await failureOf(set({ cpus: 0 }))).to.contain('--cpus must be a whole number above 0');
    expect(await config()).to.include({ cpus: 1, diskGiB: 6 });
    // A slip, before a start has made the disk that large.
    await set({ diskGiB: 4000 });
    await set({ diskGiB: 7 });
    expect(await config()).to.include({ diskGiB: 7 });
    expect(await failureOf(set({ diskGiB: 5 }))).to.contain('has 6 GiB');
    expect(world.steps).not.to.include(hint);
  });

  it('takes what is stored for the size of a disk that is in another file', async () => {
    await create({ start: false, diskGiB: 5 });
    const { dataDisk } = world.context.store.files('x');
    await rename(dataDisk, dataDisk.replace('.img', '.vhdx'));
    expect(await failureOf(set({ diskGiB: 4 }))).to.contain('INVALID_OPTION: the data disk of "x" has 5 GiB');
    await set({ diskGiB: 6 });
    expect(await config()).to.include({ diskGiB: 6 });
  });

  it('replaces lists, empties them, adds and removes single entries', async () => {
    await create({ start: false, engine: { labels: ['a=1', 'b=2'], registryMirrors: ['https://m'] } });
    await set({ lists: { labels: { add: ['c=3', 'a=9'], remove: ['b'] } } });
    expect((await config()).engine.labels).to.deep.equal(['a=9', 'c=3']);
    await set({ lists: { labels: { replace: ['d=4'], add: ['e=5'] }, registryMirrors: { replace: [] } } });
    expect((await config()).engine).to.deep.equal({
      labels: ['d=4', 'e=5'],
      registryMirrors: [],
      insecureRegistries: [],
    });
    const insecureRegistries = ['10.0.0.0/8', 'fd00::/8', 'r', 'r:5000', '[::1]:5000'];
    await set({ lists: { insecureRegistries: { replace: insecureRegistries } } });
    expect((await config()).engine).to.deep.include({ insecureRegistries });
    await set({ lists: { env: { add: ['HTTP_PROXY=p:1', 'NO_PROXY=a=b'] } }, options: { userns: 'auto' } });
    await set({ lists: { env: { remove: ['HTTP_PROXY'] } } });
    expect((await config()).engine).to.deep.include({ env: ['NO_PROXY=a=b'], userns: 'auto' });
    await set({ lists: { env: { replace: [] } }, options: { userns: undefined } });
    // As machines are that never had them: older versions of Wherry read those.
    const { files } = await world.context.store.load('x');
    expect(await readFile(files.config, 'utf8')).not.to.match(/"env"|userns/);
    expect((await stat(files.config)).mode & 0o777).to.equal(0o600);
  });

  it('shares the home unless told otherwise, each directory once', async () => {
    await create({ start: false });
    expect((await config()).engine.mounts).to.equal(undefined);
    await set({ lists: { mounts: { add: ['/work:ro', 'C:\\work'] } } });
    expect((await config()).engine.mounts).to.deep.equal(['~', '/work:ro', 'C:\\work']);
    await set({ lists: { mounts: { add: ['/work'], remove: ['~', 'C:\\work:ro'] } } });
    expect((await config()).engine.mounts).to.deep.equal(['/work']);
    await set({ lists: { mounts: { replace: [] } } });
    expect((await config()).engine.mounts).to.deep.equal([]);
    expect(await failureOf(set({ lists: { mounts: { add: ['work'] } } }))).to.contain(
      'a shared directory must be an absolute path, not "work"',
    );
  });

  it('refuses what the engine would stumble over, at creation too, and shows no password', async () => {
    await create({ start: false });
    const cases: [SettingsChange['lists'], string][] = [
      [{ registryMirrors: { add: ['ftp://m'] } }, 'invalid mirror: unsupported scheme "ftp" in "ftp://m"'],
      [{ registryMirrors: { add: ['m:5000'] } }, 'invalid mirror: unsupported scheme "m" in "m:5000"'],
      [{ registryMirrors: { add: ['http://m/x'] } }, 'invalid mirror: path, query, or fragment'],
      [{ registryMirrors: { add: ['http://u:secret@m'] } }, 'invalid mirror: username/password not allowed'],
      [{ insecureRegistries: { add: ['http://r'] } }, "insecure registry http://r should not contain '://'"],
      [{ insecureRegistries: { add: ['r/x'] } }, 'insecure registry r/x is not valid'],
      [{ insecureRegistries: { add: ['10.0.0.0/33'] } }, 'insecure registry 10.0.0.0/33 is not valid'],
      [{ labels: { add: ['bare'] } }, 'bad attribute format: bare'],
      [{ env: { add: ['HTTP_PROXY=socks5://u:secret@p'] } }, "HTTP_PROXY: a proxy's scheme must be http or"],
      [{ env: { add: ['HTTPS_PROXY=http://u:secret@'] } }, 'HTTPS_PROXY: not the URL of a proxy'],
    ];
    for (const [lists, message] of cases) {
      const failure = await failureOf(set({ lists, cpus: 9 }));
      expect(failure).to.contain(`INVALID_OPTION: ${message}`).and.not.contain('secret');
    }
    expect((await config()).cpus).not.to.equal(9);
    const create2 = createMachine(
      world.context,
      { name: 'y', driver: 'fake', engine: { labels: ['bare'] } },
      world.report,
      world.signal,
    );
    expect(await failureOf(create2)).to.equal('INVALID_OPTION: bad attribute format: bare');
  });

  it('says when a running machine takes it up; nothing where nothing changes or it is stopped', async () => {
    await create();
    const told = () => world.steps.splice(0).filter((step) => step.startsWith('note: '));
    told();
    await set({ cpus: 7 });
    expect(told()).to.deep.equal([hint]);
    await set({ cpus: 7 });
    expect(told()).to.deep.equal([]);
    await set({ options: { userns: undefined, hostAccess: undefined } });
    expect(told()).to.deep.equal([]);
    await set({ memoryMiB: 555 }, true);
    expect(world.steps.at(-1)).to.match(/^Start: /);
    expect(await machineStatus(world.context, 'x')).to.equal('Running');
    await stopMachine(world.context, 'x', world.report);
    world.steps.splice(0);
    await set({ cpus: 6 }, true);
    expect(world.steps).to.deep.equal([]);
    expect(await machineStatus(world.context, 'x')).to.equal('Stopped');
  });

  it('waits for nobody else’s work, and refuses machines that aren’t there or aren’t ours', async () => {
    expect(await failureOf(set({ cpus: 1 }))).to.contain('MACHINE_NOT_FOUND');
    await create({ start: false });
    const held = await world.context.store.lock('x', { verb: 'start' });
    expect(await failureOf(set({ cpus: 1 }))).to.match(/^LOCKED: .*"machine start x"/);
    await held.release();
    const none = { name: 'n', driver: 'none', driverOptions: { url: 'unix:///nowhere' } };
    await createMachine(world.context, none, world.report, world.signal);
    const failure = setMachine(world.context, 'n', { cpus: 1 }, false, world.report, world.signal);
    expect(await failureOf(failure)).to.contain('NOT_SUPPORTED: machine "n" has the driver "none"');
  });

  it('inspect shows what is set, without a proxy’s password', async () => {
    await create({ start: false, engine: { env: ['HTTP_PROXY=http://me:p@ss=word@proxy:1', 'NO_PROXY=a'] } });
    const { HostOptions } = await inspectMachine(world.context, 'x');
    expect(HostOptions['EngineOptions']).to.deep.include({
      Env: ['HTTP_PROXY=http://xxxxx:xxxxx@proxy:1', 'NO_PROXY=a'],
      CertificateAuthorities: [],
    });
  });
});
