import { Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { copyError } from '../../copy/argument.ts';
import { renderList } from '../../render/format.ts';
import { SYSTEM_DF, detailedUsage, usageRows, type SystemUsage } from '../../render/system-df.ts';

export default class SystemDf extends WherryCommand {
  static override description = 'Show docker disk usage';
  static override flags = {
    verbose: Flags.boolean({
      char: 'v',
      description: 'Show detailed information on space usage',
      default: false,
    }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SystemDf);
    const usage = await this.withEngine(flags.machine, (engine) =>
      engine.json<SystemUsage>('GET', '/system/df'),
    );
    if (!flags.verbose) {
      this.print(...renderList(usageRows(usage), SYSTEM_DF, flags.format));
    } else if (flags.format === undefined || flags.format === 'table') {
      this.print(...detailedUsage(usage, new Date()));
    } else {
      throw copyError('--format with --verbose takes "table" only');
    }
  }
}
