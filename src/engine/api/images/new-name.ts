import { invalid } from '../../errors.ts';
import { isTag, parseReference, withDefaultTag } from '../../images/reference.ts';
import type { Reference } from '../../images/reference.ts';

/**
 * The name that a new image is to have; undefined for none. @throws EngineError invalidParameter
 */
export function newName(repository: string, tag: string): Reference | undefined {
  if (repository === '') return undefined;
  const reference = parseReference(repository);
  if (reference.digest !== undefined) {
    throw invalid(`"${repository}" can't name a new image: it has a digest. Give it a tag, or none`);
  }
  if (tag !== '' && !isTag(tag)) throw invalid('invalid tag format');
  return withDefaultTag(tag === '' ? reference : { ...reference, tag });
}
