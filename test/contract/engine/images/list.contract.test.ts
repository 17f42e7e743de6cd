import { Readable } from 'node:stream';
import { expect } from 'chai';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { startFakeRegistry } from './fake-registry.ts';
import type { FakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

describe('listing and inspecting images', () => {
  let registry: FakeRegistry;
  let under: ImagesUnderTest;
  let name: string;

  before(async () => {
    registry = await startFakeRegistry({ entries: [file('x', 'content')] });
    under = await startImages();
    name = `${registry.host}/test/image`;
  });
  after(async () => {
    await under.close();
    await registry.stop();
  });

  const list = async (query: string, filters: object = {}): Promise<{ Id: string; RepoTags: string[] }[]> => {
    const encoded = encodeURIComponent(JSON.stringify(filters));
    const answer = await under.call('GET', `/images/json?${query}&filters=${encoded}`);
    expect(answer.status, answer.text).to.equal(200);
    return JSON.parse(answer.text) as { Id: string; RepoTags: string[] }[];
  };
  const ids = async (query: string, filters?: object): Promise<string[]> =>
    (await list(query, filters)).map(({ Id }) => Id).toSorted();
  const commit = async (parent: string, content: string): Promise<string> =>
    await under.images.maker.make(
      {
        layer: { tar: Readable.from([layerTar([file(content, content)])]) },
        parent,
        name: undefined,
        configOf: (diffId) => ({
          architecture: 'amd64',
          os: 'linux',
          rootfs: {
            type: 'layers',
            diff_ids: [registry.layer.diffId, ...(diffId === undefined ? [] : [diffId])],
          },
          config: { Labels: { content } },
        }),
      },
      new AbortController().signal,
    );

  it('knows what is dangling: no tag, though a digest may name it', async () => {
    await under.pull(name, registry.manifestDigest);
    const [byDigest] = await list('');
    expect(byDigest).to.deep.include({ RepoTags: [], RepoDigests: [`${name}@${registry.manifestDigest}`] });
    const id = byDigest?.Id ?? '';
    const nameless = await commit(id, 'nameless');
    expect(await ids('', { dangling: { true: true } })).to.deep.equal([id, nameless].toSorted());
    expect(await ids('', { dangling: ['false'] })).to.deep.equal([id]);
    await under.call('POST', `/images/${id}/tag?repo=named&tag=1`);
    expect(await ids('', { dangling: ['true'] })).to.deep.equal([nameless]);
  });

  it('leaves out the nameless steps on the way to an image, unless all are asked for', async () => {
    const [step = ''] = await ids('', { dangling: ['true'] });
    const child = await commit(step, 'child');
    expect(await ids('', { dangling: ['true'] })).to.deep.equal([child]);
    expect(await ids('all=1', { dangling: ['true'] })).to.deep.equal([step, child].toSorted());
    expect(await ids('')).not.to.include(step);
    expect(await ids('all=1')).to.include(step);
  });

  it('inspects an image of the platform that is asked for, and none of another', async () => {
    const at = (platform: object | string, more = ''): string => {
      const text = typeof platform === 'string' ? platform : JSON.stringify(platform);
      return `/v1.49/images/named:1/json?platform=${encodeURIComponent(text)}${more}`;
    };
    const right = await under.call('GET', at({ os: 'linux', architecture: 'amd64' }));
    expect(right.status, right.text).to.equal(200);
    const wrong = await under.call('GET', at({ os: 'linux', architecture: 'arm64' }));
    expect(wrong.status).to.equal(404);
    expect(wrong.text).to.contain(
      'its platform (linux/amd64) does not match the specified platform (linux/arm64',
    );
    expect((await under.call('GET', at('linux/arm64'))).status).to.equal(404);
    expect((await under.call('GET', at('{"os":'))).status).to.equal(400);
    const both = await under.call('GET', at('linux/amd64', '&manifests=1'));
    expect(both.text).to.contain('manifests and platform options cannot both be set');
  });
});
