import { apiPath } from '../engine-client/api-path.ts';
import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { ExitStatus } from '../error-render.ts';
import { compileTemplate } from '../render/template/execute.ts';

export default class Inspect extends WherryCommand {
  static override description = 'Return low-level information on containers and images';
  static override usage = 'inspect [OPTIONS] NAME|ID [NAME|ID...]';
  static override strict = false;
  static override flags = {
    format: Flags.string({ char: 'f', description: "'json' or a Go template" }),
    type: Flags.string({
      description: 'Only inspect objects of the given type',
      options: ['container', 'image', 'network'],
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Inspect);
    if (argv.length === 0)
      throw usage('"wherry inspect" requires at least 1 argument.', 'See:  wherry inspect --help');
    const render =
      flags.format === undefined || flags.format === 'json'
        ? undefined
        : compileTemplate(flags.format, { missing: 'error' });
    const found: unknown[] = [];
    const missing: string[] = [];
    await this.withEngine(flags.machine, async (engine) => {
      for (const name of argv as string[]) {
        const object = await lookUp(engine, name, flags.type);
        if (object === undefined) missing.push(name);
        else found.push(object);
      }
    });
    if (render) this.print(...found.map(render));
    else this.print(flags.format === 'json' ? JSON.stringify(found) : JSON.stringify(found, null, 4));
    for (const name of missing)
      this.terminal.stderr.write(`Error: No such ${flags.type ?? 'object'}: ${name}\n`);
    if (missing.length > 0) throw new ExitStatus(1);
  }
}

const KINDS: Readonly<Record<string, (name: string) => string>> = {
  container: (name) => apiPath`/containers/${name}/json`,
  image: (name) => apiPath`/images/${name}/json`,
  network: (name) => apiPath`/networks/${name}`,
};

async function lookUp(engine: EngineClient, name: string, type: string | undefined): Promise<unknown> {
  for (const [kind, path] of Object.entries(KINDS)) {
    if (type !== undefined && type !== kind) continue;
    try {
      return await engine.json<unknown>('GET', path(name));
    } catch (error) {
      if (!(error instanceof EngineAnswerError && error.status === 404)) throw error;
    }
  }
  return undefined;
}
