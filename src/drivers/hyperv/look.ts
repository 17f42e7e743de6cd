import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import type { HypervHost } from './host.ts';
import type { HypervOptions } from './options.ts';
import { runScript } from './powershell.ts';

/** The NAT network that Windows clients have by themselves, with DHCP and DNS, and always under this id. */
export const DEFAULT_SWITCH = 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444';

const facts = z.object({
  module: z.boolean(),
  service: z.boolean(),
  administrator: z.boolean(),
  /** This session has the rights of "Hyper-V Administrators". */
  member: z.boolean(),
  /** The account is in that group: the next session will have its rights. */
  listed: z.boolean(),
  user: z.string(),
  switches: z.array(z.object({ id: z.string(), name: z.string() })),
});

export type HypervFacts = z.infer<typeof facts>;

/** What scripts/look.ps1 finds out. Changes nothing. */
export function look(host: HypervHost, signal?: AbortSignal): Promise<HypervFacts> {
  return runScript(host, 'look', {}, facts, { signal });
}

/** The id of the switch that a machine asked for, or of the Default Switch. Error: `SWITCH_MISSING`. */
export function chooseSwitch(found: Pick<HypervFacts, 'switches'>, wanted: HypervOptions['switch']): string {
  const match = found.switches.find(({ id, name }) =>
    wanted === undefined ? id.toLowerCase() === DEFAULT_SWITCH : name.toLowerCase() === wanted.toLowerCase(),
  );
  if (match !== undefined) return match.id;
  const names = found.switches.map(({ name }) => `"${name}"`).join(', ');
  throw new WherryError({
    code: 'SWITCH_MISSING',
    message:
      wanted === undefined
        ? 'this computer has no Default Switch (Windows Server has none)'
        : `this computer has no virtual switch "${wanted}"`,
    hint: `Name one when the machine is created:  --hyperv-switch NAME  (there ${names === '' ? 'are none: New-VMSwitch makes one' : `are: ${names}`})`,
  });
}
