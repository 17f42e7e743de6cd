import { humanDuration, humanSize } from '../../core/units.ts';
import type { ListFormat } from './format.ts';

/** An item of `GET /images/json`. */
export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Created: number;
  readonly Size: number;
}

export const IMAGE_LIST: ListFormat = {
  table: '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}',
  headings: { ID: 'IMAGE ID', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' },
};

function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

export const IMAGE_LIST_WITH_DIGESTS: ListFormat = {
  ...IMAGE_LIST,
  table: '{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}',
};

const NONE = '<none>';

/**
 * A row for every tag, and for every digest of it where those are shown; one of the tag `<none>` for a repository that
 * knows the image by digest only; one of nothing but `<none>` for an image without a name. docker's rule.
 */
export function imageRows(
  images: readonly ImageSummary[],
  options: { readonly truncate: boolean; readonly digests: boolean; readonly now: Date },
): Record<string, unknown>[] {
  return images.flatMap((image) =>
    namesOf(image, options.digests).map(({ repository, tag, digest }) => ({
      Repository: repository,
      Tag: tag,
      Digest: digest,
      ID: options.truncate ? shortId(image.Id) : image.Id,
      CreatedSince: `${humanDuration(options.now.getTime() / 1000 - image.Created)} ago`,
      CreatedAt: new Date(image.Created * 1000).toISOString(),
      Size: humanSize(image.Size, 3),
    })),
  );
}

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

function namesOf(image: ImageSummary, withDigests: boolean): Name[] {
  const tags = splitAll(image.RepoTags ?? [], ':');
  const digests = splitAll(image.RepoDigests ?? [], '@');
  const digestsOf = (repository: string): string[] => {
    const own = digests.filter(([other]) => other === repository).map(([, digest]) => digest);
    return withDigests && own.length > 0 ? own : [NONE];
  };
  const tagged = tags.flatMap(([repository, tag]) =>
    digestsOf(repository).map((digest) => ({ repository, tag, digest })),
  );
  const untagged = new Set(digests.map(([repository]) => repository));
  for (const [repository] of tags) untagged.delete(repository);
  const byDigest = [...untagged].flatMap((repository) =>
    digestsOf(repository).map((digest) => ({ repository, tag: NONE, digest })),
  );
  const names = [...tagged, ...byDigest];
  return names.length > 0 ? names : [{ repository: NONE, tag: NONE, digest: NONE }];
}

const splitAll = (references: readonly string[], at: string): (readonly [string, string])[] =>
  references.map((reference) => {
    const index = reference.lastIndexOf(at);
    return [reference.slice(0, index), reference.slice(index + 1)];
  });
