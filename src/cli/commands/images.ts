import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { filtersQuery } from '../flags/filters.ts';
import { IMAGE_LIST, IMAGE_LIST_WITH_DIGESTS, imageRows, type ImageSummary } from '../render/image-list.ts';
import { renderList } from '../render/format.ts';
import { repeated } from '../flags/repeated.ts';

export default class Images extends WherryCommand {
  static override description = 'List images';
  static override args = { repository: Args.string({ description: '[REPOSITORY[:TAG]]' }) };
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'Show all images', default: false }),
    quiet: Flags.boolean({ char: 'q', description: 'Only show image IDs', default: false }),
    digests: Flags.boolean({ description: 'Show digests', default: false }),
    'no-trunc': Flags.boolean({ description: "Don't truncate output", default: false }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
    filter: Flags.string({
      char: 'f',
      description: 'Filter output',
      ...repeated,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Images);
    const filters = [...(flags.filter ?? []), ...(args.repository ? [`reference=${args.repository}`] : [])];
    const images = await this.withEngine(flags.machine, (engine) =>
      engine.json<ImageSummary[]>('GET', '/images/json', {
        query: { all: flags.all ? 1 : undefined, filters: filtersQuery(filters) },
      }),
    );
    const digests = flags.digests || flags.format?.includes('.Digest') === true;
    const rows = imageRows(images, { truncate: !flags['no-trunc'], digests, now: new Date() });
    if (flags.quiet) {
      this.print(...rows.map(({ ID }) => String(ID)));
      return;
    }
    this.print(...renderList(rows, flags.digests ? IMAGE_LIST_WITH_DIGESTS : IMAGE_LIST, flags.format));
  }
}
