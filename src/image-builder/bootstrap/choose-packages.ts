import type { DebianArchive } from '../debian/archive.ts';
import { WherryError } from '../../core/errors.ts';
import type { PackageRecord } from '../debian/package-record.ts';
import { similarNames } from './similar-names.ts';

/**
 * What an image has whatever is included: `essential`, what Debian can't be without; `minbase`, all of priority
 * "required" besides, and apt (the names are mmdebstrap's).
 */
export const VARIANTS = ['essential', 'minbase'] as const;
export type Variant = (typeof VARIANTS)[number];

export interface ChosenPackages {
  /** The variant's, with what they depend on. */
  readonly base: readonly PackageRecord[];
  /** The included ones, with what they depend on beyond that. */
  readonly extra: readonly PackageRecord[];
}

/**
 * Resolves a variant and what is included. Recommended packages are not brought.
 * @throws PACKAGE_UNKNOWN naming what may have been meant, PACKAGE_UNRESOLVABLE, PACKAGES_CONFLICT
 */
export function choosePackages(
  archive: Pick<DebianArchive, 'indexes' | 'resolve'>,
  variant: Variant,
  include: readonly string[],
): ChosenPackages {
  for (const name of include) requireKnown(archive, name);
  const seeds = seedsOf(archive, variant);
  const base = archive.resolve(seeds);
  const names = new Set(base.map(({ name }) => name));
  // With the base as the first roots: what it has already meets dependencies that name several ways.
  const all = archive.resolve([...names, ...include]);
  const kept = new Set(all.map(({ name }) => name));
  const lost = [...names].find((name) => !kept.has(name));
  if (lost !== undefined) throw new Error(`${lost} went away when more packages were resolved`);
  return { base, extra: all.filter(({ name }) => !names.has(name)) };
}

function seedsOf({ indexes }: Pick<DebianArchive, 'indexes'>, variant: Variant): string[] {
  const marked = (field: string, value: string): string[] =>
    indexes.flatMap((index) => index.marked(field, value));
  const required = marked('Priority', 'required');
  // base-files wants an awk; the one of priority "required" is what every Debian has.
  const awk = required.includes('mawk') ? ['mawk'] : [];
  const seeds =
    variant === 'essential'
      ? [...awk, ...marked('Essential', 'yes')]
      : [...required, ...marked('Essential', 'yes'), 'apt'];
  return [...new Set(seeds)].sort();
}

function requireKnown({ indexes }: Pick<DebianArchive, 'indexes'>, name: string): void {
  const isKnown = indexes.some((index) => index.named(name).length > 0 || index.providing(name).length > 0);
  if (isKnown) return;
  const close = similarNames(name, new Set(indexes.flatMap((index) => [...index.names()])));
  throw new WherryError({
    code: 'PACKAGE_UNKNOWN',
    message: `Debian has no package ${JSON.stringify(name)}`,
    hint: close.length === 0 ? undefined : `Is one of these meant?  ${close.join(', ')}`,
  });
}
