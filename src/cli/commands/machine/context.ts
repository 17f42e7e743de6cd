import { homedir } from 'node:os';
import { Flags } from '@oclif/core';
import { WherryError } from '../../../core/errors.ts';
import { addDockerContext } from '../../../machine/docker-context.ts';
import { publicName } from '../../../machine/public-name.ts';
import { WherryCommand } from '../../base-command.ts';
import { oneMachineMeant } from '../../machine/names.ts';
import { dockerConfigPath, readDockerConfig, writeDockerConfig } from '../../registry/docker-config.ts';

export default class MachineContext extends WherryCommand {
  static override description =
    "Print the name of a machine's context for docker, which create has made; one that is missing is made";
  static override usage = 'machine context [OPTIONS] [NAME]';
  static override strict = false;
  static override flags = {
    use: Flags.boolean({ description: "Make it docker's current context", default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineContext);
    const { machines } = await this.host();
    const machine = await oneMachineMeant(machines, argv as string[], this.meant(flags.machine));
    await machines.store.load(machine);
    const name = publicName(machines, machine);
    if ((await addDockerContext(machines, machine)) === 'foreign') {
      throw new WherryError({
        code: 'CONTEXT_EXISTS',
        message: `docker's context "${name}" isn't this machine's`,
        hint: `See:  docker context inspect ${name}`,
      });
    }
    if (flags.use) {
      const config = await readDockerConfig(dockerConfigPath(process.env, homedir()));
      await writeDockerConfig(config, { currentContext: name });
    }
    this.print(name);
  }
}
