import { Flags } from '@oclif/core';
import type { VolumeResource } from '../../../protocol/docker/volumes.ts';
import { WherryCommand } from '../../base-command.ts';
import { filtersQuery } from '../../flags/filters.ts';
import { renderList } from '../../render/format.ts';
import { VOLUME_LIST, volumeRows } from '../../render/volume-list.ts';
import { repeated } from '../../flags/repeated.ts';

export default class VolumeLs extends WherryCommand {
  static override description = 'List volumes';
  static override aliases = ['volume:list'];
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Only display volume names', default: false }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
    filter: Flags.string({
      char: 'f',
      description: "Filter by name, label, driver or dangling (e.g. 'dangling=true')",
      ...repeated,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(VolumeLs);
    const { Volumes } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ Volumes: VolumeResource[] | null }>('GET', '/volumes', {
        query: { filters: filtersQuery(flags.filter) },
      }),
    );
    const rows = volumeRows(Volumes ?? []);
    const format = flags.format ?? (flags.quiet ? '{{.Name}}' : undefined);
    this.print(...renderList(rows, VOLUME_LIST, format));
  }
}
