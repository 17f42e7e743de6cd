import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { copyError } from '../copy/argument.ts';
import { checkOutputPath } from '../copy/local.ts';
import { apiPath } from '../engine-client/api-path.ts';

export default class Export extends WherryCommand {
  static override description = "Export a container's filesystem as a tar archive";
  static override args = { container: Args.string({ required: true, description: 'its name or id' }) };
  static override flags = {
    output: Flags.string({ char: 'o', description: 'Write to a file, instead of STDOUT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Export);
    const { output } = flags;
    if (output === undefined && this.terminal.stdout.isTTY)
      throw copyError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (output !== undefined) await checkOutputPath(output);
    await this.withEngine(flags.machine, async (engine) => {
      const archive = await engine.stream('GET', apiPath`/containers/${args.container}/export`);
      if (output === undefined) {
        await pipeline(archive, this.terminal.stdout, { end: false });
        return;
      }
      try {
        await pipeline(archive, createWriteStream(output, { mode: 0o600 }));
      } catch (error) {
        await rm(output, { force: true }); // Half an archive is none.
        throw error;
      }
    });
  }
}
