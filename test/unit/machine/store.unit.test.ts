import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeConfigDisk } from '../../../src/machine/config-disk.ts';
import type { WayOut } from '../../../src/machine/way-out.ts';
import { writeMachineKeys } from '../../../src/machine/machine-keys.ts';
import { passingDirectory } from '../../../src/machine/store/filenames.ts';
import {
  isMachineName,
  openMachineStore,
  type MachineStore,
} from '../../../src/machine/store/machine-store.ts';
import { migrate } from '../../../src/machine/store/migrations/migrate.ts';
import { systemPathInputs } from '../../../src/platform/paths.ts';
import { makeOwnerOnlyDirectory } from '../../../src/platform/atomic-file.ts';
import { machineConfigOf } from '../../helpers/machine/machine-config.ts';
import { failureOf } from '../../helpers/machine/world.ts';

describe('machine store', () => {
  let store: MachineStore;
  beforeEach(async () => {
    store = openMachineStore(await mkdtemp(join(tmpdir(), 'wherry-store-')), systemPathInputs());
  });
  afterEach(() => rm(store.home, { recursive: true }));

  it('gives back what it was given', async () => {
    const config = machineConfigOf({
      name: 'a',
      engine: { insecureRegistries: ['r:5'], registryMirrors: [], labels: [] },
    });
    await store.create(config, () => Promise.resolve());
    expect((await store.load('a')).config).to.deep.equal(config);
    await store.save({ ...config, cpus: 3 });
    expect((await store.load('a')).config.cpus).to.equal(3);
    expect(await readdir(store.files('a').directory)).to.deep.equal(['machine.json']);
  });

  it('shows a machine only once it is whole', async () => {
    await store.create(machineConfigOf({ name: 'a' }), async (files) => {
      expect(await store.names()).to.deep.equal([]);
      expect(await store.find('a')).to.equal(undefined);
      await writeFile(files.dataDisk, '');
    });
    expect(await store.names()).to.deep.equal(['a']);
    expect(await failureOf(store.create(machineConfigOf({ name: 'a' }), () => Promise.resolve()))).to.equal(
      'MACHINE_EXISTS: Docker machine "a" already exists',
    );
  });

  it('sweeps what is left, but not what another process is at', async () => {
    for (const name of ['a', 'b']) {
      await makeOwnerOnlyDirectory(passingDirectory(store.home, 'new', name, 'abc'));
      await makeOwnerOnlyDirectory(passingDirectory(store.home, 'old', name, 'abc'));
    }
    const lock = await store.lock('b', { verb: 'create' });
    await store.sweep();
    expect((await readdir(join(store.home, 'machines'))).sort()).to.deep.equal(['.new-b~abc', '.old-b~abc']);
    await lock.release();
    await store.sweep();
    expect(await readdir(join(store.home, 'machines'))).to.deep.equal([]);
  });

  it('says why a machine is broken', async () => {
    await store.create(machineConfigOf({ name: 'a' }), () => Promise.resolve());
    const reasons: Array<[text: string, reason: RegExp]> = [
      ['{', /^machine\.json is not JSON/],
      ['[]', /not a JSON object/],
      ['{}', /no configVersion/],
      ['{"configVersion": 7}', /configVersion 7; this Wherry knows up to 1/],
      ['{"configVersion": 1, "cpus": 0}', /name/],
    ];
    for (const [text, reason] of reasons) {
      await writeFile(store.files('a').config, text);
      const found = await store.find('a');
      expect(found).to.include({ state: 'broken' });
      expect(found?.state === 'broken' && found.reason).to.match(reason);
    }
    await rm(store.files('a').config);
    expect(await store.find('a')).to.include({ state: 'broken', reason: 'it has no machine.json' });
  });

  it('takes docker-machine’s names and nothing that leads elsewhere', () => {
    for (const name of ['default', 'A-1.b', '0']) expect(isMachineName(name), name).to.equal(true);
    for (const name of [
      '',
      '.',
      '..',
      '.new-a',
      '-a',
      'a/b',
      'a\\b',
      'a_b',
      'a~agent',
      'ü',
      'a'.repeat(64),
    ]) {
      expect(isMachineName(name), name).to.equal(false);
    }
  });

  it('migrates step by step', () => {
    const steps = new Map([
      [1, (old: Record<string, unknown>) => ({ ...old, b: old['a'] })],
      [2, ({ b }: Record<string, unknown>) => ({ b })],
    ]);
    expect(migrate({ configVersion: 1, a: 5 }, 3, steps)).to.deep.equal({ configVersion: 3, b: 5 });
    expect(() => migrate({ configVersion: 0 }, 3, steps)).to.throw('nothing leads from its configVersion 0');
  });

  it('writes a config disk that opens with the magic and holds what the guest needs', async () => {
    const config = machineConfigOf({ name: 'a' });
    const engine = {
      insecureRegistries: ['127.0.0.1:5000'],
      registryMirrors: ['http://m'],
      labels: ['a=b'],
      userns: 'auto' as const,
    };
    const files = await store.create(config, writeMachineKeys);
    await writeConfigDisk(files, { ...config, engine }, { accelerator: 'hvf', nowMs: 1_700_000_000_999 });
    const members = membersOf(await readFile(files.configDisk));
    expect([...members.keys()]).to.deep.equal([
      'wherry-config',
      'hostname',
      'dropbear_ed25519_host_key',
      'authorized_keys',
      'docker-socket',
      'engine.json',
      'epoch',
    ]);
    expect(String(members.get('hostname'))).to.equal('a\n');
    expect(String(members.get('docker-socket'))).to.equal(files.dockerSocket);
    expect(String(members.get('epoch'))).to.equal('1700000000\n');
    expect(JSON.parse(String(members.get('engine.json')))).to.deep.equal({
      configVersion: 1,
      machineName: 'a',
      registryMirrors: ['http://m'],
      insecureRegistries: ['127.0.0.1:5000'],
      labels: ['a=b'],
      userns: 'auto',
      accelerator: 'hvf',
    });
    expect(String(members.get('authorized_keys'))).to.equal(await readFile(files.clientPublicKey, 'utf8'));
    expect(members.get('dropbear_ed25519_host_key')?.equals(await readFile(files.hostKey))).to.equal(true);
  });

  it('tells the engine of an older image nothing that it doesn’t know', async () => {
    const config = machineConfigOf({ name: 'a' });
    const files = await store.create(config, writeMachineKeys);
    await writeConfigDisk(files, config, { accelerator: 'tcg', nowMs: 0 });
    const engine = membersOf(await readFile(files.configDisk)).get('engine.json');
    expect(JSON.parse(String(engine))).not.to.have.any.keys('labels', 'userns');
  });

  it('puts proxies and certificates into files of their own, where there are some', async () => {
    const config = machineConfigOf({ name: 'a' });
    const files = await store.create(config, writeMachineKeys);
    const way = { proxy: {}, certificates: { all: [], hosts: {} } };
    const written = async (wayOut: WayOut): Promise<Map<string, Buffer>> => {
      await writeConfigDisk(files, config, { accelerator: 'tcg', nowMs: 0, wayOut });
      return membersOf(await readFile(files.configDisk));
    };
    const none = await written({ ...way, notes: [] });
    expect([...none.keys()]).not.to.include.any.members(['proxy.json', 'registry-certificates.json']);
    const certificates = { all: ['A'], hosts: { 'r:5': ['B'] } };
    const both = await written({ proxy: { http: 'p', no: 'x' }, certificates, notes: [] });
    expect(JSON.parse(String(both.get('proxy.json')))).to.deep.equal({ http: 'p', no: 'x' });
    expect(JSON.parse(String(both.get('registry-certificates.json')))).to.deep.equal(certificates);
    expect(Object.keys(JSON.parse(String(both.get('engine.json'))) as object)).not.to.include('proxy');
  });
});

/** The files of a ustar archive, by name. */
function membersOf(disk: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  for (let at = 0; disk[at] !== 0;) {
    const name = disk.toString('latin1', at, disk.indexOf(0, at));
    const size = Number.parseInt(disk.toString('latin1', at + 124, at + 135), 8);
    members.set(name, disk.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}
