import { Flags } from '@oclif/core';
import { humanSize } from '../../core/units.ts';
import { WherryCommand } from '../base-command.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { askYesOrNo } from '../streams/ask.ts';
import type { Pruned } from './prune.ts';
import { repeated } from '../flags/repeated.ts';

/** The flags that all of docker's prune commands have. */
export const pruneFlags = (example: string) => ({
  force: Flags.boolean({ char: 'f', description: 'Do not prompt for confirmation', default: false }),
  filter: Flags.string({
    description: `Provide filter values (e.g. '${example}')`,
    ...repeated,
  }),
});

/** What docker's prune commands share: they ask, prune, and tell what went. */
export abstract class PruneCommand extends WherryCommand {
  /** Prunes, unless the question after `warning` is answered with no, and tells what went and what that gave. */
  protected async pruneIfAgreed(
    flags: { readonly force: boolean; readonly machine: string | undefined },
    warning: string,
    act: (engine: EngineClient) => Promise<Pruned>,
  ): Promise<void> {
    const { stdin: input, stdout: output } = this.terminal;
    const question = `WARNING! ${warning}\nAre you sure you want to continue? [y/N] `;
    if (!flags.force && !(await askYesOrNo(question, { input, output }, this.signal))) return;
    const { lines, bytes } = await this.withEngine(flags.machine, act);
    this.print(...lines);
    if (bytes !== undefined) this.print(`Total reclaimed space: ${humanSize(bytes, 4)}`);
  }
}
