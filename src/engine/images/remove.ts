import { createHash } from 'node:crypto';
import { conflict } from '../errors.ts';
import type { EventBus } from '../events.ts';
import type { ImageStore } from './image-store.ts';
import { shortId } from './progress.ts';
import {
  canonicalReference,
  familiarReference,
  parseReference,
  repositoryOf,
  tryParseReference,
  withDefaultTag,
} from './reference.ts';

export type Removal = { readonly Untagged: string } | { readonly Deleted: string };

export interface RemoveContext {
  readonly store: ImageStore;
  readonly events: EventBus;
  readonly usersOf: (imageId: string) => readonly string[];
  readonly isRunning: (containerId: string) => boolean;
}

/**
 * `docker rmi`: a name goes, and with its last name the image. By id, all names go at once if they are of one repository
 * (or `force`). An image that a container was made of keeps its content for that container's sake.
 *
 * @throws EngineError notFound, conflict in Docker's words
 */
export async function removeImage(context: RemoveContext, text: string, force: boolean): Promise<Removal[]> {
  const { store } = context;
  const { id } = store.find(text);
  const all = store.referencesOf(id);
  const named = nameIn(all, text);
  const users = context.usersOf(id);
  const running = users.find((user) => context.isRunning(user));
  const rest = named === undefined ? [] : remainingTags(all, named);
  if (named !== undefined && rest.length > 0) return await untag(context, id, untagged(all, named));
  if (
    named === undefined &&
    !force &&
    new Set(tagsOf(all).map((tag) => repositoryOf(parseReference(tag)))).size > 1
  ) {
    throw conflict(
      `conflict: unable to delete ${shortId(id)} (must be forced) - image is referenced in multiple repositories`,
    );
  }
  if (users.length > 0) {
    const user = (running ?? users[0] ?? '').slice(0, 12);
    if (named !== undefined && !force) {
      throw conflict(
        `conflict: unable to remove repository reference "${text}" (must force) - container ${user} is using its referenced image ${shortId(id)}`,
      );
    }
    if (named === undefined && running !== undefined) {
      throw conflict(
        `conflict: unable to delete ${shortId(id)} (cannot be forced) - image is being used by running container ${user}`,
      );
    }
    if (!force) {
      throw conflict(
        `conflict: unable to delete ${shortId(id)} (must be forced) - image is being used by stopped container ${user}`,
      );
    }
    return await untag(context, id, all);
  }
  const removals = await untag(context, id, all);
  // While its names went, a container may have been made of it, or a pull may have brought one back.
  if (context.usersOf(id).length > 0) return removals;
  const { record } = store.get(id);
  const layers = await store.removeImage(id);
  if (layers === undefined) return removals;
  const gone = new Set(layers);
  context.events.publish('image', 'delete', id, { name: id });
  const chains = chainIds(record.layers).filter((_, at) => gone.has(record.layers[at] ?? ''));
  return [...removals, ...[id, ...chains.toReversed()].map((Deleted) => ({ Deleted }))];
}

/** The stored reference that the text is, or undefined if it is an id. */
function nameIn(references: readonly string[], text: string): string | undefined {
  const reference = tryParseReference(text);
  if (reference === undefined) return undefined;
  const { digest } = reference;
  const key =
    digest === undefined
      ? canonicalReference(withDefaultTag(reference))
      : `${repositoryOf(reference)}@${digest}`;
  return references.includes(key) ? key : undefined;
}

const tagsOf = (references: readonly string[]): string[] =>
  references.filter((reference) => !reference.includes('@'));
const sameRepository = (one: string, other: string): boolean =>
  repositoryOf(parseReference(one)) === repositoryOf(parseReference(other));

/** Names that stay: the digest references of a repository go with its last tag. */
function remainingTags(all: readonly string[], named: string): string[] {
  const gone = new Set(untagged(all, named));
  return all.filter((reference) => !gone.has(reference));
}

function untagged(all: readonly string[], named: string): string[] {
  const siblings = all.filter((reference) => reference !== named && sameRepository(reference, named));
  const lastTag = !named.includes('@') && tagsOf(siblings).length === 0;
  return lastTag ? [named, ...siblings] : [named];
}

async function untag(context: RemoveContext, id: string, references: readonly string[]): Promise<Removal[]> {
  const order = [...tagsOf(references), ...references.filter((reference) => reference.includes('@'))];
  await context.store.removeReferences(order);
  return order.map((reference) => {
    const Untagged = familiarReference(parseReference(reference));
    context.events.publish('image', 'untag', id, { name: id });
    return { Untagged };
  });
}

/** OCI image-spec v1.1, config.md, "Layer ChainID". */
export function chainIds(diffIds: readonly string[]): string[] {
  const chains: string[] = [];
  for (const diffId of diffIds) {
    const parent = chains.at(-1);
    chains.push(
      parent === undefined
        ? diffId
        : `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}`,
    );
  }
  return chains;
}
