import { PruneCommand, pruneFlags } from '../../prune/prune-command.ts';
import { prune } from '../../prune/prune.ts';

export default class ContainerPrune extends PruneCommand {
  static override description = 'Remove all stopped containers';
  static override flags = pruneFlags('until=<timestamp>');

  async run(): Promise<void> {
    const { flags } = await this.parse(ContainerPrune);
    const warning = 'This will remove all stopped containers.';
    await this.pruneIfAgreed(flags, warning, (engine) => prune(engine, 'containers', flags.filter));
  }
}
