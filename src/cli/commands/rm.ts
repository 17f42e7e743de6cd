import { apiPath } from '../engine-client/api-path.ts';
import { EngineAnswerError } from '../engine-client/client.ts';
import { Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';

export default class Rm extends WherryCommand {
  static override description = 'Remove one or more containers';
  static override usage = 'rm [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      description: 'Force the removal of a running container (uses SIGKILL)',
      default: false,
    }),
    volumes: Flags.boolean({
      char: 'v',
      description: 'Remove anonymous volumes associated with the container',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Rm);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      try {
        await engine.json('DELETE', apiPath`/containers/${name}`, {
          query: { force: flags.force ? 1 : undefined, v: flags.volumes ? 1 : undefined },
        });
      } catch (error) {
        // docker: what is gone already is no failure of --force, but is told.
        if (!flags.force || !(error instanceof EngineAnswerError) || error.status !== 404) throw error;
        this.terminal.stderr.write(`${error.message}\n`);
        return [];
      }
      return name;
    });
  }
}
