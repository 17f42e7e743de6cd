import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { readControl, readDeb } from '../../../../src/image-builder/debian/deb.ts';
import { readDebs } from '../../../../src/image-builder/debian/deb-batch.ts';
import { newSigner, SIGNED, SUITE } from './fake-archive.ts';
import { failureOf, newWorld, PACKAGES, tampered } from './world.ts';
import type { World } from './world.ts';

const IN_RELEASE = `dists/${SUITE}/InRelease`;
const DAY = 86_400_000;

describe('debian archive', () => {
  let world: World;
  beforeEach(async () => {
    world = await newWorld();
  });
  afterEach(async () => {
    await world.close();
  });

  const listPath = (): string =>
    [...world.server.files.keys()].find((path) => path.includes('by-hash')) ?? '';
  const debPath = (name: string): string =>
    [...world.server.files.keys()].find((path) => path.startsWith(`pool/main/${name}_`)) ?? '';
  const change = (path: string, offset: number): void => {
    world.server.files.set(path, tampered(world.server.files.get(path), offset));
  };
  /** Where the cache holds a file of the mirror. */
  const cachedCopy = async (marker: (bytes: Buffer) => boolean): Promise<string> => {
    for (const path of await world.kept()) {
      if (path.startsWith('sha256/') && marker(await readFile(join(world.cacheDir, path))))
        return join(world.cacheDir, path);
    }
    throw new Error('not in the cache');
  };

  it('verifies, resolves, fetches and reads; a second time only asks whether anything changed', async () => {
    const archive = await world.open();
    const records = archive.resolve(['app']);
    expect(records.map(({ name, version }) => `${name} ${version}`)).to.deep.equal(['app 1.0-1', 'lib 2.1']);
    expect(archive.suites[0]).to.include({ suite: SUITE, date: SIGNED.toISOString() });
    const files: string[] = [];
    for (const { path } of await archive.fetch(records)) {
      for await (const entry of readDeb(path))
        if (entry.type === 'file') files.push(`${entry.path}=${entry.content.toString()}`);
    }
    expect(files).to.deep.equal(['usr/bin/app=app\n', 'usr/lib/lib.so=lib\n']);

    world.server.requests.length = 0;
    const again = await world.open();
    await again.fetch(again.resolve(['app']));
    expect(world.server.requests).to.deep.equal([IN_RELEASE]);
    expect((await world.kept()).filter((path) => /part|tmp/.test(path))).to.deep.equal([]);
  });

  for (const compression of ['xz', 'gz', 'zst', 'none'] as const) {
    it(`reads a .deb whose data is compressed with ${compression}`, async () => {
      await world.publish({
        packages: [{ name: 'p', version: '1', files: { 'etc/x': 'x'.repeat(5000) }, compression }],
      });
      const archive = await world.open();
      const [fetched] = await archive.fetch(archive.resolve(['p']));
      const contents: number[] = [];
      for await (const entry of readDeb(fetched?.path ?? '')) contents.push(entry.content.length);
      expect(contents).to.deep.equal([0, 0, 5000]);
      expect((await readControl(fetched?.path ?? '')).get('package')).to.equal('p');
    });
  }

  it('reads several packages at once and hands them out in order', async () => {
    const archive = await world.open();
    const fetched = await archive.fetch(archive.resolve(['app']));
    const order: string[] = [];
    for await (const { package: item, entries } of readDebs([...fetched, ...fetched, ...fetched], 3)) {
      order.push(`${item.record.name} ${entries.filter(({ type }) => type === 'file').length}`);
    }
    expect(order).to.deep.equal(['app 1', 'lib 1', 'app 1', 'lib 1', 'app 1', 'lib 1']);
  });

  it('a damaged package fails by name, with others still being read', async () => {
    const archive = await world.open();
    const fetched = await archive.fetch(archive.resolve(['app']));
    const [app] = fetched;
    if (app === undefined) throw new Error('app was not fetched');
    const bytes = await readFile(app.path);
    for (const damaged of [
      bytes.subarray(0, bytes.length - 20),
      tampered(bytes, bytes.length - 60),
      Buffer.from('x'),
    ]) {
      const path = join(world.cacheDir, 'damaged.deb');
      await writeFile(path, damaged);
      const error = await failureOf(async () => {
        for await (const _ of readDebs([{ path }, ...fetched], 2)) continue;
      });
      expect(error.code).to.equal('DEB_INVALID');
      expect(error.message).to.contain(path);
    }
  });

  it('abandoning one .deb half-way does not hold up the next', async () => {
    const archive = await world.open();
    const [app] = await archive.fetch(archive.resolve(['app']));
    for await (const entry of readDeb(app?.path ?? '')) if (entry.path === '') break;
    let count = 0;
    for await (const _ of readDeb(app?.path ?? '')) count += 1;
    expect(count).to.equal(4);
  });

  it('refuses an InRelease with one byte changed, wherever it is, and keeps nothing', async () => {
    const original = world.server.files.get(IN_RELEASE) ?? Buffer.alloc(0);
    const text = original.toString('latin1');
    const signature = text.indexOf('BEGIN PGP SIGNATURE') + 60;
    for (const offset of [3, text.indexOf('Codename') + 12, text.indexOf(' main/binary') - 40, signature]) {
      world.server.files.set(IN_RELEASE, tampered(original, offset));
      const error = await failureOf(() => world.open());
      expect(error.code, `byte ${offset}`).to.equal('SIGNATURE_INVALID');
      expect(error.message).to.contain(`InRelease of ${SUITE}`).and.contain(world.server.url);
      expect(await world.kept()).to.deep.equal([]);
    }
  });

  it('refuses a signature by an unknown key, and text outside the signed frame', async () => {
    await world.publish({ signer: await newSigner('Somebody else') });
    expect((await failureOf(() => world.open())).code).to.equal('SIGNATURE_INVALID');

    await world.publish();
    const signed = world.server.files.get(IN_RELEASE)?.toString() ?? '';
    for (const document of [
      `Date: now\n${signed}`,
      `${signed}\nDate: now\n`,
      `${signed}\n${signed}`,
      'Date: now\n',
    ]) {
      world.server.files.set(IN_RELEASE, Buffer.from(document));
      expect((await failureOf(() => world.open())).message).to.contain('not a single OpenPGP signed message');
    }
    expect(await world.kept()).to.deep.equal([]);
  });

  it('refuses a key file that is not the pinned key', async () => {
    const other = await newSigner('Other');
    const keys = [{ ...world.signer.trusted, armored: other.trusted.armored }];
    const suites = [{ suite: SUITE, mirror: world.server.url, components: ['main'], keys }];
    expect((await failureOf(() => world.open({ suites }))).code).to.equal('KEY_NOT_PINNED');
  });

  it('refuses an expired InRelease, also when it is the cached one', async () => {
    await world.publish({ validUntil: new Date(SIGNED.getTime() + 7 * DAY) });
    await world.open();
    const late = (): Date => new Date(SIGNED.getTime() + 7 * DAY + 1000);
    for (const offline of [false, true]) {
      const error = await failureOf(() => world.open({ now: late, offline }));
      expect(error.code).to.equal('RELEASE_EXPIRED');
      expect(error.message).to.contain('2026-11-27T02:00:00.000Z').and.contain(SUITE);
    }
  });

  it('refuses an InRelease from the future and one of another suite', async () => {
    expect(
      (await failureOf(() => world.open({ now: () => new Date(SIGNED.getTime() - 2 * DAY) }))).message,
    ).to.match(/future|not signed by a key/);
    await world.publish({ codename: 'sid' });
    expect((await failureOf(() => world.open())).message).to.contain('it is the one of sid');
    expect(await world.kept()).to.deep.equal([]);
  });

  it('refuses a rolled-back InRelease and still remembers the newer one', async () => {
    await world.open();
    const before = await world.kept();
    await world.publish({ date: new Date(SIGNED.getTime() - DAY) });
    for (const attempt of [1, 2]) {
      const error = await failureOf(() => world.open());
      expect(error.code, `attempt ${attempt}`).to.equal('RELEASE_ROLLED_BACK');
      expect(error.message).to.contain('2026-11-19T02:00:00.000Z').and.contain('2026-11-20T02:00:00.000Z');
    }
    expect(await world.kept()).to.deep.equal(before);
  });

  it('moves forward to a newer InRelease and forgets the old lists', async () => {
    await world.open();
    const lib = { name: 'lib', version: '2.2', files: { 'usr/lib/lib.so': 'new\n' } };
    await world.publish({ date: new Date(SIGNED.getTime() + 1000), packages: [...PACKAGES, lib] });
    const archive = await world.open();
    expect(archive.resolve(['lib'])[0]?.version).to.equal('2.2');
    expect((await world.kept()).filter((path) => path.startsWith('sha256/')).length).to.equal(2);
  });

  it('refuses a tampered package list, names it and keeps none of it', async () => {
    change(listPath(), 40);
    const error = await failureOf(() => world.open());
    expect(error.code).to.equal('DOWNLOAD_DIGEST_MISMATCH');
    expect(error.message).to.contain('main/binary-amd64/Packages').and.contain(world.server.url);
    const kept = await world.kept();
    expect(kept.filter((path) => path.includes('partial'))).to.deep.equal([]);
    expect(kept.filter((path) => path.startsWith('sha256/')).length, 'only the InRelease').to.equal(1);
  });

  it('refuses a tampered .deb, names it and keeps none of it', async () => {
    const archive = await world.open();
    const before = await world.kept();
    change(debPath('lib'), 200);
    const error = await failureOf(() => archive.fetch(archive.resolve(['lib'])));
    expect(error.code).to.equal('DOWNLOAD_DIGEST_MISMATCH');
    expect(error.message).to.contain('lib 2.1').and.contain('nothing was kept');
    expect(await world.kept()).to.deep.equal(before);
  });

  for (const [what, marker] of [
    ['.deb', (bytes: Buffer) => bytes.toString('latin1', 0, 7) === '!<arch>'],
    ['package list', (bytes: Buffer) => bytes.toString('latin1', 0, 8) === 'Package:'],
    ['InRelease', (bytes: Buffer) => bytes.toString('latin1', 0, 14) === '-----BEGIN PGP'],
  ] as const) {
    it(`refuses a tampered cached ${what}, removes it, and is well the next time`, async () => {
      const use = async (): Promise<unknown> => {
        const archive = await world.open();
        return archive.fetch(archive.resolve(['lib']));
      };
      await use();
      const path = await cachedCopy(marker);
      await writeFile(path, tampered(await readFile(path), 20));
      const error = await failureOf(use);
      expect(error.code).to.equal('CACHE_TAMPERED');
      expect(error.message).to.contain(path);
      expect((await world.kept()).map((kept) => join(world.cacheDir, kept))).not.to.include(path);
      await use();
    });
  }

  it('names the mirror that is down and why, with exit status 1', async () => {
    await world.server.close();
    const error = await failureOf(() => world.open());
    expect(error).to.include({ code: 'MIRROR_UNREACHABLE', exitCode: 1 });
    expect(error.message).to.contain(`Cannot reach ${world.server.url}: it refuses connections`);
  });

  it('works offline from the cache, only when asked to', async () => {
    const archive = await world.open();
    await archive.fetch(archive.resolve(['lib']));
    await world.server.close();
    expect((await failureOf(() => world.open())).code).to.equal('MIRROR_UNREACHABLE');
    const offline = await world.open({ offline: true });
    expect((await offline.fetch(offline.resolve(['lib']))).length).to.equal(1);
    expect((await failureOf(() => offline.fetch(offline.resolve(['app'])))).code).to.equal('OFFLINE');
  });

  it('names a file that the mirror does not have', async () => {
    const archive = await world.open();
    world.server.files.delete(debPath('lib'));
    const error = await failureOf(() => archive.fetch(archive.resolve(['lib'])));
    expect(error.message).to.contain('HTTP 404').and.contain('pool/main/lib_2.1_amd64.deb');
  });
});
