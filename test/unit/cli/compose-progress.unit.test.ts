import { expect } from 'chai';
import { followComposition } from '../../../src/cli/tasks/compose.ts';
import type { ImageManifest } from '../../../src/image-builder/store/manifest.ts';

const IMAGE = {
  id: `fed5bb8453a9${'0'.repeat(52)}`,
  distribution: 'Debian 13.7',
} as unknown as ImageManifest;

const download = (name: string, cached: boolean, received: number) =>
  ({ step: 'download', name, cached, received, total: undefined }) as const;

describe('what is said of a composition', () => {
  it('counts what came over the network, and each file once', () => {
    const lines: string[] = [];
    const { onProgress, summary } = followComposition((line) => lines.push(line));
    onProgress(download('a', false, 10_000_000));
    onProgress(download('a', false, 24_000_000));
    onProgress(download('b', true, 500_000_000));
    onProgress(download('c', false, 40_400_000));
    onProgress({ step: 'packages', done: 1, total: 41 });
    expect(summary(IMAGE)).to.equal('Debian 13.7, 41 packages verified, 64 MB fetched');
    expect(lines).to.deep.equal([
      'fetching a (10 MB so far)',
      'fetching a (24 MB so far)',
      'checking b',
      'fetching c (64 MB so far)',
      'unpacking 1/41 packages',
    ]);
  });

  it('claims no download when everything was in the cache', () => {
    const { onProgress, summary } = followComposition(() => undefined);
    onProgress(download('a', true, 24_000_000));
    onProgress({ step: 'packages', done: 1, total: 41 });
    expect(summary(IMAGE)).to.equal('Debian 13.7, 41 packages verified, nothing to fetch');
  });

  it('claims no work when another command had composed the image meanwhile', () => {
    expect(followComposition(() => undefined).summary(IMAGE)).to.equal(
      'fed5bb8453a9, Debian 13.7, already composed',
    );
  });
});
