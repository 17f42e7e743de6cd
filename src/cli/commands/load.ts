import { Flags } from '@oclif/core';
import { jsonLines } from '../engine-client/json-lines.ts';
import { WherryCommand, usage } from '../base-command.ts';
import { EngineAnswerError } from '../engine-client/client.ts';
import { openInputFile } from '../streams/input-file.ts';
import { PullProgress, type ProgressMessage } from '../render/pull-progress.ts';

export default class Load extends WherryCommand {
  static override description = 'Load an image from a tar archive or STDIN';
  static override flags = {
    input: Flags.string({ char: 'i', description: 'Read from tar archive file, instead of STDIN' }),
    platform: Flags.string({ description: 'Load only the given platform variant: os[/arch[/variant]]' }),
    quiet: Flags.boolean({ char: 'q', description: 'Suppress the load output', default: false }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Load);
    if (flags.input === undefined && this.terminal.stdin.isTTY) {
      throw usage('requested load from stdin, but stdin is empty', 'Try:  wherry load --input FILE', 1);
    }
    const body = flags.input === undefined ? this.terminal.stdin : await openInputFile(flags.input);
    await this.withEngine(flags.machine, async (engine) => {
      const answer = await engine.stream('POST', '/images/load', {
        query: { quiet: flags.quiet ? 1 : 0, platform: flags.platform },
        body,
      });
      const progress = new PullProgress(this.terminal.stdout);
      for await (const message of jsonLines<ProgressMessage>(answer)) {
        const failure = message.errorDetail?.message ?? message.error;
        if (failure !== undefined) throw new EngineAnswerError(500, failure);
        if (!flags.quiet || message.stream !== undefined) progress.show(message);
      }
    });
  }
}
