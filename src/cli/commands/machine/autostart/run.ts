import { ensureRunning } from '../../../../machine/ensure-running.ts';
import type { Host } from '../../../host.ts';
import { MachineVerbCommand } from '../../../machine/verb-command.ts';

/** What the operating system calls at login. */
export default class MachineAutostartRun extends MachineVerbCommand {
  static override description = 'Start a machine; one that runs already is all right';
  static override hidden = true;

  protected override async act({ machines, reporter, signal }: Host, name: string): Promise<void> {
    await machines.store.load(name);
    await ensureRunning(machines, { name }, reporter, signal);
  }
}
