import type { DebianArchive } from '../debian/archive.ts';
import { WherryError } from '../../core/errors.ts';
import type { PackageRecord } from '../debian/package-record.ts';
import { similarNames } from './similar-names.ts';

/**
 * What an image has whatever is included: `custom`, nothing; `essential`, what Debian can't be without; `minbase`, all of
 * priority "required" besides, and apt (the names are mmdebstrap's).
 */
export const VARIANTS = ['custom', 'essential', 'minbase'] as const;
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
  if (variant === 'custom') return chooseCustom(archive, include);
  const seeds = seedsOf(archive, variant);
  const first = archive.resolve(seeds);
  // bookworm wants a /usr that is merged, or a program that does it and half of Perl; here it is merged from the start.
  const merges = first.some(({ name }) => name === 'usrmerge');
  const base = merges ? archive.resolve([...seeds, 'usr-is-merged']) : first;
  const names = new Set(base.map(({ name }) => name));
  // With the base as the first roots: what it has already meets dependencies that name several ways.
  const all = archive.resolve([...names, ...include]);
  const kept = new Set(all.map(({ name }) => name));
  const lost = [...names].find((name) => !kept.has(name));
  if (lost !== undefined) throw new Error(`${lost} went away when more packages were resolved`);
  return { base, extra: all.filter(({ name }) => !names.has(name)) };
}

/** What dpkg and every script can't do without. */
const NEEDED = ['coreutils', 'dash', 'diffutils', 'dpkg', 'libc-bin', 'tar'];

/** The base is what of the included is Debian's own, with what that needs. */
function chooseCustom(
  archive: Pick<DebianArchive, 'indexes' | 'resolve'>,
  include: readonly string[],
): ChosenPackages {
  const all = archive.resolve(include);
  const names = new Set(all.map(({ name }) => name));
  const missing = NEEDED.filter((name) => !names.has(name));
  if (missing.length > 0) {
    throw new WherryError({
      code: 'PACKAGES_MISSING',
      message: `A custom image also needs ${missing.join(', ')}: the packages' scripts are run with them`,
      hint: `Add them:  --include ${missing.join(',')}`,
    });
  }
  const own = new Set([...seedsOf(archive, 'minbase'), ...NEEDED]);
  const base = archive.resolve([...names].filter((name) => own.has(name)).sort());
  const inBase = new Set(base.map(({ name }) => name));
  const stray = [...inBase].find((name) => !names.has(name));
  if (stray !== undefined) throw new Error(`${stray} came only with a part of what is included`);
  return { base, extra: all.filter(({ name }) => !inBase.has(name)) };
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
