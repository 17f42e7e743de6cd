import { Flags } from '@oclif/core';
import type { ListChange, ListName } from '../../machine/set.ts';
import { LIST_FLAGS, readList, type ReadContext } from './engine-flags.ts';
import { repeated } from './repeated.ts';

/** `--engine-label-add`, `--engine-label-rm`, …: single entries, as docker's `update` commands have them. */
export const singleFlags = Object.fromEntries(
  Object.values(LIST_FLAGS).flatMap((flag) => [
    [`${flag}-add`, Flags.string({ description: `Add to what --${flag} has set`, ...repeated })],
    [`${flag}-rm`, Flags.string({ description: `Remove from what --${flag} has set`, ...repeated })],
  ]),
);

/** What `machine set` was told of lists, by the flags of LIST_FLAGS and {@link singleFlags}. @throws WherryError */
export function listChanges(flags: object, context: ReadContext): Partial<Record<ListName, ListChange>> {
  const given = new Map<string, unknown>(Object.entries(flags));
  const words = (flag: string) => given.get(flag) as readonly string[] | undefined;
  const changes: Partial<Record<ListName, ListChange>> = {};
  for (const [list, flag] of Object.entries(LIST_FLAGS) as [ListName, string][]) {
    const [replace, add] = [words(flag), words(`${flag}-add`)].map((values) =>
      values === undefined ? undefined : readList(list, values, context),
    );
    const remove = words(`${flag}-rm`);
    if (replace === undefined && add === undefined && remove === undefined) continue;
    changes[list] = { replace, add, remove: remove && namesOf(list, remove, context) };
  }
  return changes;
}

/** A certificate is named by its file, a directory by its path, a variable in any case, the others by themselves. */
function namesOf(list: ListName, words: readonly string[], context: ReadContext): readonly string[] {
  if (list === 'certificateAuthorities' || list === 'mounts') return readList(list, words, context);
  return list === 'env' ? words.map((word) => word.toUpperCase()) : words;
}
