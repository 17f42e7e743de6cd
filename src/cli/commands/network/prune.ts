import { PruneCommand, pruneFlags } from '../../prune/prune-command.ts';
import { prune } from '../../prune/prune.ts';

export default class NetworkPrune extends PruneCommand {
  static override description = 'Remove all unused networks';
  static override flags = pruneFlags('until=<timestamp>');

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkPrune);
    const warning = 'This will remove all custom networks not used by at least one container.';
    await this.pruneIfAgreed(flags, warning, (engine) => prune(engine, 'networks', flags.filter));
  }
}
