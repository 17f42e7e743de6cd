import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { EngineAnswerError } from '../engine-client/client.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import { PullProgress, type ProgressMessage } from '../render/pull-progress.ts';
import { openInputFile } from '../streams/input-file.ts';

export default class Import extends WherryCommand {
  static override description = 'Import the contents from a tarball to create a filesystem image';
  static override usage = 'import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]';
  static override strict = false;
  static override flags = {
    change: Flags.string({
      char: 'c',
      description: 'Apply Dockerfile instruction to the created image',
      multiple: true,
      multipleNonGreedy: true,
    }),
    message: Flags.string({ char: 'm', description: 'Set commit message for imported image', default: '' }),
    platform: Flags.string({ description: 'Set platform if server is multi-platform capable' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Import);
    const [source, repo] = argv as string[];
    if (source === undefined)
      throw usage('"wherry import" requires at least 1 argument.', 'See:  wherry import --help', 1);
    if (source === '-' && this.terminal.stdin.isTTY)
      throw usage('requested import from stdin, but stdin is a terminal', 'Try:  wherry import FILE', 1);
    const isUrl = /^https?:\/\//.test(source);
    const body = isUrl ? undefined : source === '-' ? this.terminal.stdin : await openInputFile(source);
    const { change = [], message, platform } = flags;
    await this.withEngine(flags.machine, async (engine) => {
      const answer = await engine.stream('POST', '/images/create', {
        query: { fromSrc: isUrl ? source : '-', repo, changes: change, message, platform },
        body,
      });
      const progress = new PullProgress(this.terminal.stdout);
      for await (const line of jsonLines<ProgressMessage>(answer)) {
        const failure = line.errorDetail?.message ?? line.error;
        if (failure !== undefined) throw new EngineAnswerError(500, failure);
        progress.show(line);
      }
    });
  }
}
