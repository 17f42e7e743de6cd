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

/** A row for every tag; an image without tags gets one with `<none>`. */
export function imageRows(
  images: readonly ImageSummary[],
  options: { readonly truncate: boolean; readonly now: Date },
): Record<string, unknown>[] {
  return images.flatMap((image) => {
    const tags = image.RepoTags?.length ? image.RepoTags : ['<none>:<none>'];
    return tags.map((reference) => {
      const colon = reference.lastIndexOf(':');
      const repository = reference.slice(0, colon);
      const digest =
        image.RepoDigests?.find((entry) => entry.startsWith(`${repository}@`))?.split('@')[1] ?? '<none>';
      return {
        Repository: repository,
        Tag: reference.slice(colon + 1),
        Digest: digest,
        ID: options.truncate ? shortId(image.Id) : image.Id,
        CreatedSince: `${humanDuration(options.now.getTime() / 1000 - image.Created)} ago`,
        CreatedAt: new Date(image.Created * 1000).toISOString(),
        Size: humanSize(image.Size, 3),
      };
    });
  });
}
