import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { MachineContext } from './context.ts';

type Where = Pick<MachineContext, 'paths' | 'store'>;

/**
 * What a machine is called outside of Wherry's home (docker's contexts, the system's autostart): `wherry-NAME`;
 * machines of another home than the default one carry a hash of it.
 */
export function publicName(where: Where, machine: string): string {
  if (isDefaultHome(where)) return `wherry-${machine}`;
  const hash = createHash('sha256').update(where.store.home).digest('hex').slice(0, 8);
  return `wherry-${machine}-${hash}`;
}

export function isDefaultHome({ paths, store }: Where): boolean {
  return store.home === join(paths.homeDirectory, '.wherry');
}
