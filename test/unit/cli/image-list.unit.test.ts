import { expect } from 'chai';
import { renderList } from '../../../src/cli/render/format.ts';
import { IMAGE_LIST, IMAGE_LIST_WITH_DIGESTS, imageRows } from '../../../src/cli/render/image-list.ts';

const now = new Date('2026-01-02T00:00:00Z');
const image = (digit: string, RepoTags: string[] | null, RepoDigests: string[] | null) => ({
  Id: `sha256:${digit.repeat(64)}`,
  RepoTags,
  RepoDigests,
  Created: now.getTime() / 1000 - 3600,
  Size: 1_500_000,
});
const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const IMAGES = [
  image('1', ['busybox:1', 'busybox:2', 'localhost:5000/busybox:1'], [`busybox@${A}`, `busybox@${B}`]),
  image('2', [], [`redis@${A}`]),
  image('3', null, null),
];

describe('the list of images', () => {
  const names = (digests: boolean) =>
    imageRows(IMAGES, { truncate: true, digests, now }).map(({ Repository, Tag, Digest }) => [
      Repository,
      Tag,
      Digest,
    ]);

  it('has a row for each tag, and one for a repository that knows an image by its digest only', () => {
    expect(names(false)).to.deep.equal([
      ['busybox', '1', '<none>'],
      ['busybox', '2', '<none>'],
      ['localhost:5000/busybox', '1', '<none>'],
      ['redis', '<none>', '<none>'],
      ['<none>', '<none>', '<none>'],
    ]);
  });

  it('has a row for each digest of each tag where digests are shown', () => {
    expect(names(true)).to.deep.equal([
      ['busybox', '1', A],
      ['busybox', '1', B],
      ['busybox', '2', A],
      ['busybox', '2', B],
      ['localhost:5000/busybox', '1', '<none>'],
      ['redis', '<none>', A],
      ['<none>', '<none>', '<none>'],
    ]);
  });

  it("has docker's columns", () => {
    const table = (digests: boolean) =>
      renderList(
        imageRows(IMAGES.slice(1), { truncate: true, digests, now }),
        digests ? IMAGE_LIST_WITH_DIGESTS : IMAGE_LIST,
        undefined,
      ).map((line) => line.trimEnd());
    expect(table(false).map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'],
      ['redis', '<none>', '2'.repeat(12), 'About an hour ago', '1.5MB'],
      ['<none>', '<none>', '3'.repeat(12), 'About an hour ago', '1.5MB'],
    ]);
    expect(table(true)[0]?.split(/ {2,}/)).to.deep.equal([
      'REPOSITORY',
      'TAG',
      'DIGEST',
      'IMAGE ID',
      'CREATED',
      'SIZE',
    ]);
  });
});
