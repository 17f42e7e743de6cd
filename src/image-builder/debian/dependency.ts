import { WherryError } from '../../core/errors.ts';
import { satisfies } from './version.ts';
import type { Relation } from './version.ts';

/** One alternative of a dependency: `name (>= 1.2)`. */
export interface Requirement {
  name: string;
  constraint: { relation: Relation; version: string } | undefined;
}

/** `a | b | c`: any of them will do. */
export type Alternatives = readonly Requirement[];

const REQUIREMENT =
  /^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([\w.+:~-]+)\s*\))?$/;

/**
 * Parses a relationship field (Debian Policy §7.1): comma-separated groups of alternatives. An
 * architecture qualifier (`:any`) is dropped: everything here is of one architecture.
 */
export function parseRelationship(field: string | undefined): Alternatives[] {
  if (field === undefined || field.trim() === '') return [];
  return field
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
    .map((group) => group.split('|').map((text) => parseRequirement(text.trim())));
}

function parseRequirement(text: string): Requirement {
  const match = REQUIREMENT.exec(text);
  const name = match?.[1];
  if (name === undefined) {
    throw new WherryError({
      code: 'BAD_DEPENDENCY',
      message: `Not a Debian package relationship: ${JSON.stringify(text)}`,
    });
  }
  const relation = match?.[2];
  const version = match?.[3];
  if (relation === undefined || version === undefined) return { name, constraint: undefined };
  // `<` and `>` are the deprecated spellings of `<=` and `>=` (Policy §7.1).
  const strict = relation === '<' ? '<=' : relation === '>' ? '>=' : relation;
  return { name, constraint: { relation: strict as Relation, version } };
}

export function isSatisfiedBy(requirement: Requirement, version: string): boolean {
  const { constraint } = requirement;
  return constraint === undefined || satisfies(version, constraint.relation, constraint.version);
}

/** As written in a control file. */
function requirementText({ name, constraint }: Requirement): string {
  return constraint === undefined ? name : `${name} (${constraint.relation} ${constraint.version})`;
}

export function alternativesText(group: Alternatives): string {
  return group.map(requirementText).join(' | ');
}
