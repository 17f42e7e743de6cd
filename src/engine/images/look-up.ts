import { canonicalReference, parseReference, repositoryOf, withDefaultTag } from './reference.ts';

/** What finding an image needs to know of those that there are. */
interface Known {
  ids(): string[];
  has(id: string): boolean;
  idOf(reference: string): string | undefined;
}

/**
 * The id of the image that is meant by name[:tag], name@digest, id or unambiguous start of an id; undefined for none.
 *
 * @throws EngineError invalidParameter
 */
export function lookUp(known: Known, text: string): string | undefined {
  const hex = /^(?:sha256:)?([a-f0-9]{1,64})$/.exec(text)?.[1];
  if (hex?.length === 64) return known.has(`sha256:${hex}`) ? `sha256:${hex}` : undefined;
  if (!text.startsWith('sha256:')) {
    const reference = parseReference(text);
    const { digest } = reference;
    const key =
      digest === undefined
        ? canonicalReference(withDefaultTag(reference))
        : `${repositoryOf(reference)}@${digest}`;
    const named = known.idOf(key);
    if (named !== undefined) return named;
    if (digest !== undefined && known.has(digest)) return digest;
  }
  if (hex === undefined) return undefined;
  const matches = known.ids().filter((id) => id.startsWith(`sha256:${hex}`));
  return matches.length === 1 ? matches[0] : undefined;
}
