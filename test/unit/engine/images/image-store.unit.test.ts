import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { EventBus } from '../../../../src/engine/events.ts';
import { ImageStore } from '../../../../src/engine/images/image-store.ts';
import type { NewImage } from '../../../../src/engine/images/image-store.ts';
import { removeImage } from '../../../../src/engine/images/remove.ts';

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const LAYERS = [digestOf('first layer'), digestOf('second layer')] as const;
const CONFIG = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: LAYERS },
});
const IMAGE = digestOf(CONFIG);
const NAME = 'docker.io/library/thing:1';
/** Enough for a store that lets others in between to show it; one that doesn't never waits for anything here. */
const CHANCE_MS = 250;

describe('the image store, with several at work', () => {
  let directory: string;
  let store: ImageStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-store-'));
    store = await ImageStore.open(directory);
    for (const diffId of LAYERS) await addLayer(diffId);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const addLayer = async (diffId: string): Promise<void> => {
    const [blobFile, erofsFile] = ['blob', 'erofs'].map((kind) => join(directory, 'ingest', kind)) as [
      string,
      string,
    ];
    for (const file of [blobFile, erofsFile]) writeFileSync(file, diffId);
    const digest = digestOf(diffId);
    const size = diffId.length;
    await store.addLayer(diffId, { blobFile, erofsFile, digest, blobSize: size, compression: 'none', size });
  };
  const image = (references: readonly string[]): NewImage => ({
    id: IMAGE,
    configBytes: Buffer.from(CONFIG),
    layers: LAYERS,
    manifests: [],
    references,
  });
  /** The next removal of a file of that kind waits for `meanwhile`, for as long as that has a chance. */
  const holdUp = (
    kind: 'removeBlob' | 'removeLayer',
    meanwhile: () => Promise<unknown>,
  ): Promise<unknown> => {
    const remove = store.content[kind].bind(store.content);
    const done = Promise.withResolvers<unknown>();
    store.content[kind] = async (digest) => {
      store.content[kind] = remove;
      const work = meanwhile();
      work.then(done.resolve, done.reject);
      await Promise.race([work.catch(() => undefined), delay(CHANCE_MS)]);
      await remove(digest);
    };
    return done.promise;
  };

  it('keeps the config of an image that is pulled while it is removed', async () => {
    await store.addImage(image([]));
    const unpin = store.pin(LAYERS);
    const pulled = holdUp('removeBlob', async () => store.addImage(image([NAME])));
    await store.removeImage(IMAGE);
    await pulled;
    unpin();
    expect(store.find('thing:1').config.os).to.equal('linux');
  });

  it('lets go of its pins once, however often it is told to', async () => {
    const [first, second] = [store.pin(LAYERS), store.pin(LAYERS)];
    await store.addImage(image([]));
    first();
    first();
    expect(await store.removeImage(IMAGE), 'layers that went').to.deep.equal([]);
    second();
    expect(await store.collect()).to.have.members(LAYERS);
  });

  it('keeps a layer that comes back while its image is removed', async () => {
    await store.addImage(image([]));
    const pulled = holdUp('removeLayer', async () => addLayer(LAYERS[1]));
    await store.removeImage(IMAGE);
    await pulled;
    expect(store.layer(LAYERS[1])).to.include({ size: LAYERS[1].length });
    expect(existsSync(store.content.layerFile(LAYERS[1])), 'its file').to.equal(true);
  });

  it('lets nobody find what is on its way out, and pulls bring its layers anew', async () => {
    await store.addImage(image([]));
    const removed = store.removeImage(IMAGE);
    expect(() => store.get(IMAGE)).to.throw(/No such image/);
    expect([store.has(IMAGE), store.complete(IMAGE), store.ids()]).to.deep.equal([false, false, []]);
    expect(await removed).to.have.members([...LAYERS]);
    await addLayer(LAYERS[0]);
    expect(store.layer(LAYERS[0])).not.to.equal(undefined);
  });

  it('keeps an image that has got a name again', async () => {
    await store.addImage(image([NAME]));
    expect(await store.removeImage(IMAGE)).to.equal(undefined);
    expect(store.find('thing:1').id).to.equal(IMAGE);
  });

  it('keeps an image of which a container is made while its names go', async () => {
    await store.addImage(image([NAME]));
    let asked = 0;
    const usersOf = (): string[] => (++asked === 1 ? [] : ['container']);
    const removals = await removeImage(
      { store, events: new EventBus(), usersOf, isRunning: () => false },
      'thing:1',
      false,
    );
    expect(removals).to.deep.equal([{ Untagged: 'thing:1' }]);
    expect(store.has(IMAGE)).to.equal(true);
  });

  it('finds what a failed commit left when it is asked to collect, and nothing that is in use', async () => {
    await store.addImage(image([NAME]));
    const strays = [store.content.blobFile(digestOf('stray')), store.content.layerFile(digestOf('stray'))];
    for (const stray of strays) writeFileSync(stray, 'nobody knows');
    expect(await store.collect()).to.deep.equal([]);
    expect(strays.map((stray) => existsSync(stray))).to.deep.equal([false, false]);
    expect(LAYERS.every((diffId) => existsSync(store.content.layerFile(diffId)))).to.equal(true);
    expect(store.get(IMAGE).id).to.equal(IMAGE);
  });

  it('takes a blob in again only for the record that it was fetched for', async () => {
    await store.addImage(image([NAME]));
    const blob = digestOf(LAYERS[0]);
    expect(await store.giveUpBlobs((diffId) => (diffId === LAYERS[0] ? ['r/x'] : []))).to.equal(
      LAYERS[0].length,
    );
    expect(store.layer(LAYERS[0])).to.deep.include({ blobGone: true, sources: ['r/x'] });
    const path = join(directory, 'ingest', 'again');
    writeFileSync(path, 'of another compression');
    const digest = digestOf('of another compression');
    const refused = await store.restoreBlob(LAYERS[0], { digest, path }).catch((error: unknown) => error);
    expect(String(refused)).to.contain(`is not of blob ${digest} any more`);
    expect(existsSync(store.content.blobFile(blob))).to.equal(false);
    writeFileSync(path, LAYERS[0]);
    await store.restoreBlob(LAYERS[0], { digest: blob, path });
    expect(existsSync(store.content.blobFile(blob))).to.equal(true);
    expect(store.layer(LAYERS[0])).to.not.have.any.keys('blobGone', 'sources');
  });

  it('ends what a killed engine could not end, and nobody else', async () => {
    const ingest = join(directory, 'ingest');
    const half = join(ingest, 'half.erofs');
    writeFileSync(half, 'x');
    const [orphan, stranger] = [half, join(directory, 'ingest-of-another')].map((path) =>
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)', path], { stdio: 'ignore' }),
    );
    if (orphan === undefined || stranger === undefined) throw new Error('two were started');
    try {
      await Promise.all([once(orphan, 'spawn'), once(stranger, 'spawn')]);
      const ended = once(orphan, 'exit');
      await ImageStore.open(directory);
      expect(await ended).to.deep.equal([null, 'SIGKILL']);
      expect(existsSync(half)).to.equal(false);
      expect(stranger.exitCode ?? stranger.signalCode).to.equal(null);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});
