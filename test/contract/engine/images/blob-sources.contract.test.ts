import { expect } from 'chai';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { startFakePushRegistry } from './fake-push-registry.ts';
import type { FakePushRegistry } from './fake-push-registry.ts';
import { sha256 } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

describe('an image of two layers that two registries have', () => {
  let under: ImagesUnderTest;
  /** In the order in which they are asked. */
  let registries: readonly FakePushRegistry[];

  before(async () => {
    under = await startImages();
    const started = await Promise.all([startFakePushRegistry(), startFakePushRegistry()]);
    registries = started.toSorted((one, two) => (one.host < two.host ? -1 : 1));
  });
  after(async () => {
    await under.close();
    for (const registry of registries) await registry.stop();
  });

  it('comes from the second where the first has lost it, which is asked once for all layers', async () => {
    const layers = ['a', 'b'].map((path) => layerTar([file(path, path)]));
    const rootfs = { type: 'layers', diff_ids: layers.map((layer) => sha256(layer)) };
    const manifest = [{ Config: 'c', RepoTags: ['two:1'], Layers: ['0', '1'] }];
    const archive = layerTar([
      file('manifest.json', JSON.stringify(manifest)),
      file('c', JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs })),
      ...layers.map((layer, at) => file(String(at), layer)),
    ]);
    expect((await under.call('POST', '/images/load', {}, archive)).text).to.contain('Loaded image');
    for (const { host } of registries) {
      await under.call('POST', `/images/two:1/tag?repo=${encodeURIComponent(`${host}/two`)}&tag=1`);
      expect((await under.call('POST', `/images/${host}/two/push?tag=1`)).text).to.contain('digest: ');
    }
    const filters = encodeURIComponent('{"dangling":["true"],"blobs":["true"]}');
    const pruned = await under.call('POST', `/images/prune?filters=${filters}`);
    const bytes = layers.reduce((sum, layer) => sum + layer.length, 0);
    expect(JSON.parse(pruned.text)).to.deep.include({ SpaceReclaimed: bytes });
    for (const registry of registries) registry.requests.length = 0;
    const [first] = registries;
    if (first === undefined) throw new Error('two were started');
    first.trouble = (_request, response) => {
      response.writeHead(404).end();
      return true;
    };
    expect((await under.call('GET', '/images/two:1/get')).status).to.equal(200);
    const fetches = registries.map(({ requests }) => requests.filter(({ method }) => method === 'GET'));
    expect(fetches.map(({ length }) => length)).to.deep.equal([1, 2]);
  });
});
