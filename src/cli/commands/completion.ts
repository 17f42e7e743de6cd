import { Args } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { SCRIPTS } from '../completion/scripts.ts';

export default class Completion extends WherryCommand {
  static override description = "Print a shell's completion script; its first line says what to do with it";
  static override usage = 'completion bash|zsh|fish|powershell';
  static override args = {
    shell: Args.string({ required: true, description: 'The shell', options: [...SCRIPTS.keys()] }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    this.terminal.stdout.write(SCRIPTS.get(args.shell) ?? '');
  }
}
