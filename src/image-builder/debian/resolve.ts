import { WherryError } from '../../core/errors.ts';
import { alternativesText, isSatisfiedBy, parseRelationship } from './dependency.ts';
import type { Alternatives, Requirement } from './dependency.ts';
import type { PackageRecord } from './package-record.ts';
import type { PackagesIndex } from './packages-index.ts';
import { compareVersions, satisfies } from './version.ts';

export interface ResolveOptions {
  /** Names assumed away: a dependency with such an alternative counts as met and brings nothing. */
  exclude?: readonly string[];
}

/** A package that was chosen, and because of which other (undefined: it was asked for). */
interface Choice {
  record: PackageRecord;
  because: Choice | undefined;
}

/**
 * The packages that `roots` (`name` or `name (>= 1.2)`) need, themselves included, by Depends and
 * Pre-Depends; Recommends are not followed. The newest version over all indexes wins (an earlier index,
 * where equal). Alternatives: one already chosen, else the first that can be had; a virtual package's
 * provider: one already chosen, else the first by name. There is no backtracking: where a choice leads
 * nowhere, the recipe names the package it wants. Sorted by name, so the answer is the same each time.
 */
export function resolvePackages(
  indexes: readonly PackagesIndex[],
  roots: readonly string[],
  options: ResolveOptions = {},
): PackageRecord[] {
  const excluded = new Set(options.exclude);
  const chosen = new Map<string, Choice>();
  const queue: Choice[] = [];

  const choose = (group: Alternatives, because: Choice | undefined): void => {
    if (because !== undefined && group.some(({ name }) => excluded.has(name))) return;
    if (group.some((requirement) => isMetBy(requirement, chosen))) return;
    for (const requirement of group) {
      const record = newest(indexes, requirement) ?? provider(indexes, requirement, excluded);
      if (record === undefined) continue;
      if (excluded.has(record.name)) return;
      const already = chosen.get(record.name);
      if (already !== undefined) continue;
      const choice: Choice = { record, because };
      chosen.set(record.name, choice);
      queue.push(choice);
      return;
    }
    throw unresolvable(indexes, group, because, chosen);
  };

  for (const group of roots.flatMap((root) => parseRelationship(root))) choose(group, undefined);
  for (let choice = queue.shift(); choice !== undefined; choice = queue.shift()) {
    for (const group of choice.record.depends) choose(group, choice);
  }
  refuseConflicts(chosen);
  return [...chosen.values()].map(({ record }) => record).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isMetBy(requirement: Requirement, chosen: ReadonlyMap<string, Choice>): boolean {
  const same = chosen.get(requirement.name);
  if (same !== undefined && isSatisfiedBy(requirement, same.record.version)) return true;
  for (const { record } of chosen.values()) if (provides(record, requirement)) return true;
  return false;
}

/** An unversioned Provides meets only an unversioned requirement (Debian Policy §7.5). */
function provides(record: PackageRecord, { name, constraint }: Requirement): boolean {
  return record.provides.some((provided) => {
    if (provided.name !== name) return false;
    if (constraint === undefined) return true;
    return (
      provided.constraint !== undefined &&
      satisfies(provided.constraint.version, constraint.relation, constraint.version)
    );
  });
}

function newest(indexes: readonly PackagesIndex[], requirement: Requirement): PackageRecord | undefined {
  let best: PackageRecord | undefined;
  for (const record of indexes.flatMap((index) => index.named(requirement.name))) {
    if (!isSatisfiedBy(requirement, record.version)) continue;
    if (best === undefined || compareVersions(record.version, best.version) > 0) best = record;
  }
  return best;
}

function provider(
  indexes: readonly PackagesIndex[],
  requirement: Requirement,
  excluded: ReadonlySet<string>,
): PackageRecord | undefined {
  const names = new Set(
    indexes.flatMap((index) => index.providing(requirement.name)).map(({ name }) => name),
  );
  const candidates = [...names]
    .map((name) => newest(indexes, { name, constraint: undefined }))
    .filter((record) => record !== undefined)
    .filter((record) => provides(record, requirement))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return candidates.find(({ name }) => excluded.has(name)) ?? candidates[0];
}

function refuseConflicts(chosen: ReadonlyMap<string, Choice>): void {
  for (const choice of chosen.values()) {
    for (const requirement of choice.record.conflicts.flat()) {
      for (const other of chosen.values()) {
        if (other === choice) continue;
        const named =
          other.record.name === requirement.name && isSatisfiedBy(requirement, other.record.version);
        if (!named && !provides(other.record, requirement)) continue;
        throw new WherryError({
          code: 'PACKAGES_CONFLICT',
          message: `${choice.record.name} conflicts with ${other.record.name} (${chainText(choice)}; ${chainText(other)})`,
        });
      }
    }
  }
}

function unresolvable(
  indexes: readonly PackagesIndex[],
  group: Alternatives,
  because: Choice | undefined,
  chosen: ReadonlyMap<string, Choice>,
): WherryError {
  const known = group.flatMap(({ name }) => {
    const taken = chosen.get(name)?.record;
    const versions = new Set(indexes.flatMap((index) => index.named(name)).map(({ version }) => version));
    if (taken !== undefined) return [`${name} ${taken.version} was chosen already`];
    return versions.size === 0 ? [] : [`${name} exists as ${[...versions].join(', ')}`];
  });
  const why = known.length === 0 ? 'no suite has such a package' : known.join('; ');
  const whose = because === undefined ? 'asked for' : `needed by ${chainText(because)}`;
  return new WherryError({
    code: 'PACKAGE_UNRESOLVABLE',
    message: `Cannot find the package ${alternativesText(group)} (${whose}): ${why}`,
  });
}

/** `c, needed by b, needed by a`. */
function chainText(choice: Choice): string {
  const names: string[] = [];
  for (let at: Choice | undefined = choice; at !== undefined; at = at.because) names.push(at.record.name);
  return names.join(', needed by ');
}
