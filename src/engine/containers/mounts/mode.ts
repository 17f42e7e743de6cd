import { invalid } from '../../errors.ts';

export interface BindMode {
  readonly writable: boolean;
  readonly copy: boolean;
}

/** Options of a bind, of each group one at most (moby volume/mounts, linux parser). */
const GROUPS: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  // SELinux labels; the VM's kernel has no SELinux, which makes them what they are on any Docker without it: nothing.
  ['z', 'Z'],
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
  ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'],
];
const PROPAGATION = GROUPS[4] ?? [];

/**
 * The third part of `source:destination:mode`.
 *
 * @param named true for a volume: it can't have a propagation, and only it has `nocopy`
 * @throws EngineError invalidParameter `invalid mode: MODE`
 */
export function parseMode(mode: string, named: boolean): BindMode {
  const words = mode === '' ? [] : mode.split(',');
  const wrong =
    GROUPS.some((group) => words.filter((word) => group.includes(word)).length > 1) ||
    words.some((word) => !GROUPS.flat().includes(word)) ||
    words.some((word) => (named ? PROPAGATION.includes(word) : word === 'nocopy'));
  if (wrong) throw invalid(`invalid mode: ${mode}`);
  return { writable: !words.includes('ro'), copy: !words.includes('nocopy') };
}
