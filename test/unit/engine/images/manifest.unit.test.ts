import { expect } from 'chai';
import {
  MAX_DOCUMENT,
  MEDIA,
  parseImageConfig,
  parseManifest,
} from '../../../../src/engine/images/manifest.ts';
import { chainIds } from '../../../../src/engine/images/remove.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const config = { mediaType: MEDIA.ociConfig, digest, size: 2 };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('manifests', () => {
  it('are read from both families', () => {
    expect(parseManifest(json({ config, layers: [] }), MEDIA.ociManifest).kind).to.equal('manifest');
    expect(parseManifest(json({ config, layers: [] }), MEDIA.dockerManifest).kind).to.equal('manifest');
    expect(parseManifest(json({ manifests: [] }), `${MEDIA.ociIndex}; charset=utf-8`).kind).to.equal('index');
    expect(
      parseManifest(json({ mediaType: MEDIA.dockerList, manifests: [] }), MEDIA.dockerList).kind,
    ).to.equal('index');
  });
  const refused: [what: string, value: unknown, type: string | undefined, message: string][] = [
    [
      'a type that differs from the transport',
      { mediaType: MEDIA.ociManifest, config, layers: [] },
      MEDIA.dockerManifest,
      'but it was served as',
    ],
    ['index and image at once', { manifests: [], config, layers: [] }, undefined, 'ambiguous'],
    ['neither', {}, undefined, 'ambiguous'],
    ['an index served as an image', { manifests: [] }, MEDIA.ociManifest, 'an index was served as'],
    [
      'an image served as an index',
      { config, layers: [] },
      MEDIA.ociIndex,
      'unsupported manifest media type',
    ],
    ['schema 1', { fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+prettyjws', 'schema 1'],
    ['a foreign type', { config, layers: [] }, 'text/html', 'unsupported manifest media type'],
    [
      'a digest that is none',
      { config: { ...config, digest: 'sha256:../x' }, layers: [] },
      MEDIA.ociManifest,
      'not a digest',
    ],
    [
      'a negative size',
      { config: { ...config, size: -1 }, layers: [] },
      MEDIA.ociManifest,
      'invalid manifest',
    ],
    ['a list', [], MEDIA.ociManifest, 'not an object'],
  ];
  for (const [what, value, type, message] of refused) {
    it(`refuses ${what}`, () => expect(() => parseManifest(json(value), type)).to.throw(message));
  }
  it('are bounded and have to be JSON', () => {
    expect(() => parseManifest(Buffer.alloc(MAX_DOCUMENT + 1, ' '), undefined)).to.throw('larger than');
    expect(() => parseManifest(Buffer.from('<html>'), undefined)).to.throw('is not JSON');
  });
});

describe('image configs', () => {
  it('keep null Entrypoint and Cmd', () => {
    const read = parseImageConfig(
      json({
        os: 'linux',
        architecture: 'amd64',
        config: { Cmd: null, Env: ['A=1'] },
        rootfs: { type: 'layers', diff_ids: [] },
      }),
    );
    expect(read.config).to.deep.equal({ Cmd: null, Env: ['A=1'] });
  });
  it('have layers', () => expect(() => parseImageConfig(json({}))).to.throw('invalid image config: rootfs'));
});

describe('chain ids', () => {
  it('follow OCI image-spec, config.md', () => {
    // printf 'sha256:aaa… sha256:bbb…' | sha256sum
    const [a, b] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
    expect(chainIds([a, b])).to.deep.equal([
      a,
      'sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c',
    ]);
  });
});
