import { Args } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { apiPath } from '../engine-client/api-path.ts';

interface Change {
  readonly Path: string;
  readonly Kind: number;
}

const LETTERS = ['C', 'A', 'D'];

export default class Diff extends WherryCommand {
  static override description = "Inspect changes to files or directories on a container's filesystem";
  static override args = { container: Args.string({ required: true, description: 'its name or id' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    const changes = await this.withEngine(flags.machine, (engine) =>
      engine.json<Change[] | null>('GET', apiPath`/containers/${args.container}/changes`),
    );
    this.print(...(changes ?? []).map(({ Path, Kind }) => `${LETTERS[Kind] ?? '?'} ${Path}`));
  }
}
