import type { FetchedPackage } from '../debian/archive.ts';
import { parseRelationship } from '../debian/dependency.ts';
import type { Alternatives } from '../debian/dependency.ts';
import { parseStanza } from '../debian/deb822.ts';
import type { PackageRecord } from '../debian/package-record.ts';
import { infoName } from './dpkg-database.ts';

/** A package with its control archive's files. */
export interface ReadPackage {
  readonly fetched: FetchedPackage;
  readonly control: ReadonlyMap<string, Buffer>;
}

/** Where the second stage's own files are in the container: nothing of it gets into the image. */
export const STAGE_FOLDER = '.wherry-bootstrap';

/**
 * What is left to do inside, line by line: `preinst NAME PACKAGE ARCH` (its files are in place already, as with
 * debootstrap), `unpack FILE.deb` for packages whose preinst has to run before, `configure NAME…` or `configure -a`.
 */
export function stagePlan(
  base: readonly ReadPackage[],
  late: readonly ReadPackage[],
  all: readonly PackageRecord[],
): string {
  const lines: string[] = [];
  const scripted = base.filter(({ control }) => control.has('preinst'));
  // base-passwd's writes /etc/passwd, and the others may ask for users.
  for (const { fetched, control } of scripted.sort((a, b) => rank(a) - rank(b) || order(a, b))) {
    const { record } = fetched;
    lines.push(`preinst ${infoName(fieldsOf(control))} ${record.name} ${record.architecture}`);
  }
  lines.push(`configure ${base.map(({ control }) => infoName(fieldsOf(control))).join(' ')}`);
  const inBase = new Set(base.map(({ fetched }) => fetched.record.name));
  const byName = new Map(all.map((record) => [record.name, record]));
  for (const item of dependenciesFirst(late, byName)) {
    const first = parseRelationship(fieldsOf(item.control).get('pre-depends'));
    const needed = closure(first, byName).filter(({ name }) => !inBase.has(name));
    if (needed.length > 0) lines.push(`configure ${needed.map(qualifiedName).join(' ')}`);
    lines.push(`unpack ${debName(item.fetched.record)}`);
  }
  lines.push('configure -a');
  return lines.map((line) => `${line}\n`).join('');
}

/** A package's file name in the stage's folder. */
export function debName(record: PackageRecord): string {
  return `${record.name}_${record.architecture}.deb`;
}

const qualifiedName = (record: PackageRecord): string =>
  record.multiArch === 'same' ? `${record.name}:${record.architecture}` : record.name;

const rank = (item: ReadPackage): number => (item.fetched.record.name === 'base-passwd' ? 0 : 1);
const order = (a: ReadPackage, b: ReadPackage): number =>
  a.fetched.record.name < b.fetched.record.name ? -1 : 1;

function fieldsOf(control: ReadonlyMap<string, Buffer>): Map<string, string> {
  return parseStanza((control.get('control') ?? Buffer.alloc(0)).toString('utf8'));
}

/** The chosen packages that meet these dependencies, and those that these need, in turn. */
function closure(
  groups: readonly Alternatives[],
  byName: ReadonlyMap<string, PackageRecord>,
): PackageRecord[] {
  const found = new Set<PackageRecord>();
  const visit = (group: Alternatives): void => {
    for (const { name } of group) {
      const records = [...byName.values()].filter(
        (record) => record.name === name || record.provides.some((provided) => provided.name === name),
      );
      for (const record of records) {
        if (found.has(record)) continue;
        found.add(record);
        record.depends.forEach(visit);
      }
    }
  };
  groups.forEach(visit);
  return [...found];
}

/** Packages after those that they need; where they need one another, by name. */
function dependenciesFirst(
  items: readonly ReadPackage[],
  byName: ReadonlyMap<string, PackageRecord>,
): ReadPackage[] {
  const needs = new Map(
    items.map((item) => [
      item,
      new Set(closure(item.fetched.record.depends, byName).map(({ name }) => name)),
    ]),
  );
  const left = [...items].sort(order);
  const sorted: ReadPackage[] = [];
  while (left.length > 0) {
    const free = left.findIndex((item) =>
      left.every((other) => other === item || needs.get(item)?.has(other.fetched.record.name) !== true),
    );
    sorted.push(...left.splice(Math.max(free, 0), 1));
  }
  return sorted;
}

/**
 * Follows the plan inside the container. Lines of dpkg's --status-fd (and the like for a preinst) go to stdout, all
 * that dpkg and the packages' scripts say to stderr. The first failure ends it.
 */
export const STAGE_RUNNER = `#!/bin/sh
set -eu
cd /
exec 3>&1 1>&2
while read -r what first rest; do
  case $what in
    preinst)
      echo "processing: preinst: $first" >&3
      DPKG_MAINTSCRIPT_PACKAGE=\${rest% *} DPKG_MAINTSCRIPT_ARCH=\${rest#* } DPKG_MAINTSCRIPT_NAME=preinst \\
        DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 DPKG_ROOT= DPKG_ADMINDIR=/var/lib/dpkg \\
        "/var/lib/dpkg/info/$first.preinst" install </dev/null 3>&-
      ;;
    unpack) dpkg --force-unsafe-io --status-fd 3 --unpack "/${STAGE_FOLDER}/$first" </dev/null ;;
    configure) dpkg --force-unsafe-io --status-fd 3 --configure $first $rest </dev/null ;;
  esac
done <"/${STAGE_FOLDER}/plan"
`;
