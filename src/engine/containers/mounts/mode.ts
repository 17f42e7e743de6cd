import { invalid } from '../../errors.ts';

export interface BindMode {
  readonly writable: boolean;
  readonly copy: boolean;
  /** '' where none was asked for. */
  readonly propagation: string;
}

/** Options of a bind, of each group one at most (moby volume/mounts, linux parser). */
const GROUPS: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  // SELinux labels; the VM's kernel has no SELinux, which makes them what they are on any Docker without it: nothing.
  ['z', 'Z'],
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
];
/** mount_namespaces(7), as mount(8) names them. */
export const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/**
 * The third part of `source:destination:mode`.
 *
 * @throws EngineError invalidParameter `invalid mode: MODE`
 */
export function parseMode(mode: string): BindMode {
  if (!isMode(mode)) throw invalid(`invalid mode: ${mode}`);
  const words = mode.split(',');
  return {
    writable: !words.includes('ro'),
    copy: !words.includes('nocopy'),
    propagation: words.find((word) => PROPAGATIONS.includes(word)) ?? '',
  };
}

export function isMode(text: string): boolean {
  const words = text === '' ? [] : text.split(',');
  const groups = [...GROUPS, PROPAGATIONS];
  return (
    words.every((word) => groups.flat().includes(word)) &&
    groups.every((group) => words.filter((word) => group.includes(word)).length <= 1)
  );
}
