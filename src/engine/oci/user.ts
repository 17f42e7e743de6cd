import { invalid } from '../errors.ts';
import type { OciUser, SpecMutator } from './spec.ts';

/** The kernel takes more, but an id past this turns negative, or into 0, in too many programs (CVE-2024-40635). */
const MAX_ID = 2 ** 31 - 1;

export interface ResolvedUser extends OciUser {
  /** From the image's passwd; `/` without an entry. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Finds out who `user[:group]` is by the image's own passwd(5) and group(5). Names win over numbers; a number without
 * an entry is taken as it is, with group 0. The primary group is among the additional ones too (CVE-2022-36109).
 *
 * @param groupAdd `--group-add`: names or numbers
 * @throws EngineError invalidParameter in moby's words
 */
export function resolveUser(
  spec: string,
  files: { readonly passwd: string; readonly group: string },
  groupAdd: readonly string[] = [],
): ResolvedUser {
  const [userPart = '', groupPart = ''] = spec.split(':', 2);
  const groups = parseGroups(files.group);
  const entry = findUser(userPart, parsePasswd(files.passwd));
  const gid = groupPart === '' ? entry.gid : findGroup(groupPart, groups);
  const member =
    groupPart === '' && entry.name !== ''
      ? groups.filter((group) => group.members.includes(entry.name)).map((group) => group.gid)
      : [];
  const added = groupAdd.map((group) => findGroup(group, groups, 'Unable'));
  const additionalGids = [...new Set([gid, ...member, ...added])];
  return { uid: entry.uid, gid, additionalGids, home: entry.home === '' ? '/' : entry.home };
}

function findUser(wanted: string, entries: readonly PasswdEntry[]): PasswdEntry {
  const root = wanted === '';
  const number = idOf(root ? '0' : wanted);
  const entry =
    (root ? undefined : entries.find(({ name }) => name === wanted)) ??
    entries.find(({ uid }) => uid === number);
  if (entry !== undefined) return entry;
  if (number === undefined) {
    throw invalid(`unable to find user ${wanted}: no matching entries in passwd file`);
  }
  return { name: '', uid: number, gid: 0, home: '/' };
}

function findGroup(wanted: string, groups: readonly GroupEntry[], unable = 'unable'): number {
  const number = idOf(wanted);
  const entry = groups.find(({ name }) => name === wanted);
  if (entry !== undefined) return entry.gid;
  if (number === undefined) {
    throw invalid(`${unable} to find group ${wanted}: no matching entries in group file`);
  }
  return number;
}

/** A decimal id, or undefined for anything that isn't a number. @throws EngineError when out of bounds */
function idOf(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  if (value < 0 || value > MAX_ID) throw invalid('uids and gids must be in range 0-2147483647');
  return value;
}

function parsePasswd(text: string): PasswdEntry[] {
  return rows(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) => {
    const numbers = [validId(uid), validId(gid)] as const;
    if (name === '' || numbers[0] === undefined || numbers[1] === undefined) return [];
    return [{ name, uid: numbers[0], gid: numbers[1], home }];
  });
}

function parseGroups(text: string): GroupEntry[] {
  return rows(text).flatMap(([name = '', , gid = '', members = '']) => {
    const number = validId(gid);
    if (name === '' || number === undefined) return [];
    return [{ name, gid: number, members: members.split(',').filter(Boolean) }];
  });
}

/** Entries that make no sense are skipped, as libc does: an image's file isn't the user's mistake. */
function validId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value <= MAX_ID ? value : undefined;
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

export const withUser =
  (user: OciUser): SpecMutator =>
  (spec) => {
    spec.process.user = { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids };
  };
