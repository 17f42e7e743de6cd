import { pipeline } from 'node:stream/promises';
import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { copyError } from '../copy/argument.ts';
import { checkOutputPath } from '../copy/local.ts';
import { writeOutputFile } from '../streams/output-file.ts';

export default class Save extends WherryCommand {
  static override description = 'Save one or more images to a tar archive (streamed to STDOUT by default)';
  static override usage = 'save [OPTIONS] IMAGE [IMAGE...]';
  static override strict = false;
  static override flags = {
    output: Flags.string({ char: 'o', description: 'Write to a file, instead of STDOUT' }),
    platform: Flags.string({ description: 'Save only the given platform variant: os[/arch[/variant]]' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Save);
    const { output } = flags;
    if (argv.length === 0)
      throw usage('"wherry save" requires at least 1 argument.', 'See:  wherry save --help', 1);
    if (output === undefined && this.terminal.stdout.isTTY)
      throw copyError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (output !== undefined) await checkOutputPath(output, 'failed to save image: ');
    await this.withEngine(flags.machine, async (engine) => {
      const archive = await engine.stream('GET', '/images/get', {
        query: { names: argv as string[], platform: flags.platform },
      });
      if (output === undefined) await pipeline(archive, this.terminal.stdout, { end: false });
      else await writeOutputFile(output, archive, this.signal);
    });
  }
}
