import { Flags } from '@oclif/core';
import { rfc3339Local } from '../../core/local-time.ts';
import { WherryCommand } from '../base-command.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import { timestamp } from '../flags/timestamp.ts';
import { filtersQuery } from '../flags/filters.ts';
import { compileTemplate } from '../render/template/execute.ts';
import { repeated } from '../flags/repeated.ts';

interface EventMessage {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly timeNano: number;
}

export default class Events extends WherryCommand {
  static override description = 'Get real time events from the server';
  static override flags = {
    since: Flags.string({ description: 'Show all events created since timestamp' }),
    until: Flags.string({ description: 'Stream events until this timestamp' }),
    filter: Flags.string({
      char: 'f',
      description: 'Filter output',
      ...repeated,
    }),
    format: Flags.string({ description: "'json' or a Go template" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Events);
    const render = formatter(flags.format);
    await this.withEngine(flags.machine, async (engine) => {
      const answer = await engine.stream('GET', '/events', {
        query: {
          since: timestamp(flags.since),
          until: timestamp(flags.until),
          filters: filtersQuery(flags.filter),
        },
        signal: this.signal,
      });
      for await (const event of jsonLines<EventMessage>(answer)) this.print(render(event));
    });
  }
}

function formatter(format: string | undefined): (event: EventMessage) => string {
  if (format === 'json') return (event) => JSON.stringify(event);
  return format === undefined || format === '' ? plain : compileTemplate(format);
}

function plain({ Type, Action, Actor, timeNano }: EventMessage): string {
  const when = rfc3339Local(timeNano);
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  return `${when} ${Type} ${Action} ${Actor.ID}${attributes === '' ? '' : ` (${attributes})`}`;
}
