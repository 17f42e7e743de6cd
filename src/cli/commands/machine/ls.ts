import { Flags } from '@oclif/core';
import { engineOptions, SWARM_OPTIONS } from '../../../machine/inspect.ts';
import { listMachines, type MachineRow } from '../../../machine/ls.ts';
import { WherryCommand } from '../../base-command.ts';
import { filterMachines } from '../../machine/list-filters.ts';
import { refuseSurplus } from '../../machine/names.ts';
import { renderList, type ListFormat } from '../../render/format.ts';
import { MACHINE_TABLE } from '../../render/table.ts';
import { repeated } from '../../flags/repeated.ts';

const FORMAT: ListFormat = {
  table:
    '{{.Name}}\t{{.Active}}\t{{.DriverName}}\t{{.State}}\t{{.URL}}\t{{.Swarm}}\t{{.DockerVersion}}\t{{.Error}}',
  headings: { DriverName: 'DRIVER', DockerVersion: 'DOCKER', Error: 'ERRORS', ResponseTime: 'RESPONSE' },
  style: MACHINE_TABLE,
  missing: 'error',
};

export default class MachineLs extends WherryCommand {
  static override description = 'List machines';
  static override strict = false;
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Enable quiet mode', default: false }),
    filter: Flags.string({
      description: 'Filter output based on conditions provided',
      ...repeated,
    }),
    timeout: Flags.integer({ char: 't', description: 'Timeout in seconds', default: 10 }),
    format: Flags.string({ char: 'f', description: 'Pretty-print machines using a Go template' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineLs);
    refuseSurplus(argv as string[]);
    const { machines } = await this.host();
    const listed = await listMachines(machines, {
      timeoutMs: flags.timeout * 1000,
      dockerHost: process.env['DOCKER_HOST'],
    });
    const rows = filterMachines(listed, flags.filter ?? []);
    if (flags.quiet) this.print(...rows.map(({ name }) => name));
    else this.print(...renderList(rows.map(fields), FORMAT, flags.format));
  }
}

/** What a machine whose machine.json can't be read is shown with: it must not break the others' lines. */
const NO_SETTINGS = { insecureRegistries: [], registryMirrors: [], labels: [] };

/** docker-machine's template fields. */
function fields(row: MachineRow): Record<string, unknown> {
  const active = row.active ? '*' : '-';
  return {
    Name: row.name,
    Active: active,
    ActiveHost: row.active,
    ActiveSwarm: false,
    DriverName: row.driverName,
    State: row.state,
    URL: row.url,
    Swarm: '',
    Error: row.error,
    DockerVersion: row.dockerVersion,
    ResponseTime: `${Math.round(row.responseTimeMs)}ms`,
    SwarmOptions: SWARM_OPTIONS,
    EngineOptions: engineOptions(row.engine ?? NO_SETTINGS),
  };
}
