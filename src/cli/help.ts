import { secondNames } from './management-commands.ts';
import { CommandHelp, Help, type Command, type Interfaces } from '@oclif/core';

/** `USAGE` → `Usage:`, as docker and docker-machine head their sections. */
const heading = (header: string): string => `${header.charAt(0)}${header.slice(1).toLowerCase()}:`;

class WherryCommandHelp extends CommandHelp {
  override section(header: string, body: Parameters<CommandHelp['section']>[1]): string {
    return super.section(heading(header), body);
  }
}

/** Help with docker's headings. oclif loads it by `helpClass` in .oclifrc.json. */
export default class WherryHelp extends Help {
  protected override CommandHelpClass = WherryCommandHelp;

  override section(header: string, body: Parameters<Help['section']>[1]): string {
    return super.section(heading(header), body);
  }

  /** Scripts look for docker-machine's first two lines. */
  protected override async showTopicHelp(topic: Interfaces.Topic): Promise<void> {
    const commands = this.sortedCommands.filter(
      ({ id, hidden }) => id.startsWith(`${topic.name}:`) && !hidden,
    );
    this.log(`Usage: wherry ${topic.name.replaceAll(':', ' ')} [OPTIONS] COMMAND [arg...]\n`);
    if (topic.description !== undefined) this.log(`${topic.description}\n`);
    const known = new Map(this.sortedCommands.map((command) => [command.id, command]));
    const seconds = secondNames(topic.name).flatMap(([name, id]): [string, string][] => {
      const command = known.get(id);
      return command === undefined ? [] : [[name, listed(command)[1]]];
    });
    const all = [...commands.map(listed), ...seconds].toSorted(([a], [b]) => a.localeCompare(b));
    this.log(
      `Commands:\n${this.renderList(all, { indentation: 2, stripAnsi: this.opts.stripAnsi ?? false })}\n`,
    );
    this.log(
      `Run 'wherry ${topic.name.replaceAll(':', ' ')} COMMAND --help' for more information on a command.`,
    );
  }
}

function listed(command: Command.Loadable): [string, string] {
  const [first = ''] = (command.summary ?? command.description ?? '').split('\n');
  return [command.id.split(':').slice(1).join(' '), first];
}
