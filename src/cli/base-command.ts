import { Command, Flags, type Interfaces } from '@oclif/core';
import { WherryError } from '../core/errors.ts';
import type { EngineClient } from './engine-client/client.ts';
import type { Host } from './host.ts';
import type { Meant } from './machine/names.ts';
import { globalFlags } from './invocation.ts';
import { eachName } from './run/each-name.ts';
import { processTerminal, type Terminal } from './streams/terminal.ts';

/** Aborted by the first Ctrl-C or SIGTERM that no command has taken for its container. */
export const interrupted = new AbortController();

/**
 * Parse → service → render: what all commands share. `host()` is loaded on demand, so that a command which needs no
 * machine (`--help`) starts without it.
 */
export abstract class WherryCommand extends Command {
  static override baseFlags = {
    machine: Flags.string({
      description: 'the machine to use (default: $WHERRY_MACHINE, $DOCKER_MACHINE_NAME, or "default")',
      helpGroup: 'GLOBAL',
    }),
  };

  /** Docker's commands end their options at the first positional argument: main() sees to it before oclif looks. */
  static optionsEndAtFirstPositional = false;

  /** The words behind the command are somebody else's, options, `--help` and all. */
  static takesAllWords = false;

  protected readonly terminal: Terminal = processTerminal;
  #host: Promise<Host> | undefined;

  /** Aborted by Ctrl-C. */
  protected get signal(): AbortSignal {
    return interrupted.signal;
  }

  protected host(): Promise<Host> {
    this.#host ??= import('./composition.ts').then(({ composeHost }) =>
      composeHost(globalFlags(), this.terminal, interrupted.signal),
    );
    return this.#host;
  }

  /** Runs `body` with a client of the machine's engine and closes it afterwards. */
  protected async withEngine<T>(
    machine: string | undefined,
    body: (engine: EngineClient) => Promise<T>,
  ): Promise<T> {
    const host = await this.host();
    const engine = host.engine(machine);
    try {
      return await body(engine);
    } finally {
      engine.close();
    }
  }

  /** docker's verbs over names: `stop A B`. At least one; each is tried, what worked is printed, failures give 1. */
  protected async eachNamed(
    names: readonly unknown[],
    machine: string | undefined,
    act: (engine: EngineClient, name: string) => Promise<string | readonly string[]>,
    summary?: string,
  ): Promise<void> {
    const id = (this.id ?? '').replaceAll(':', ' ');
    if (names.length === 0)
      throw usage(`"wherry ${id}" requires at least 1 argument.`, `See:  wherry ${id} --help`, 1);
    await this.withEngine(machine, (engine) =>
      eachName(names as string[], this.terminal, (name) => act(engine, name), summary),
    );
  }

  /** Which machine is meant where a verb of `machine` names none. */
  protected meant(flag: string | undefined): Meant {
    return { flag: flag ?? globalFlags().machine, env: process.env };
  }

  protected print(...lines: readonly string[]): void {
    for (const line of lines) this.terminal.stdout.write(`${line}\n`);
  }

  /**
   * oclif sorts `argv` by each word's first position, which moves words that occur twice (`echo a b a`). Its tokens are
   * in the order of the command line.
   */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv = this.argv): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse(withoutStdin(options), argv);
    const words = parsed.raw.flatMap((token) => (token.type === 'arg' ? [token.input] : []));
    return { ...parsed, argv: words };
  }

  /** Errors go up to main(), which renders them in one place. */
  protected override async catch(error: Error): Promise<never> {
    throw isUsageError(error) ? this.usageError(error) : error;
  }

  /** oclif's complaint about the words; docker exits with 125 for a flag and with 1 for arguments, docker-machine with 1. */
  private usageError(error: Error): WherryError {
    // oclif's message goes over several lines and ends with a hint of its own.
    const message = error.message.replace(/\s*See more help with --help\s*$/, '').replaceAll(/\s+/g, ' ');
    const id = (this.id ?? '').replaceAll(':', ' ');
    return new WherryError({
      code: 'USAGE',
      message,
      hint: `See:  wherry ${id} --help`,
      exitCode: id.startsWith('machine') || isAboutArguments(error) ? 1 : DOCKER_USAGE_STATUS,
      cause: error,
    });
  }
}

/** oclif would take what is piped in for an argument that isn't there. */
function withoutStdin<T extends { readonly args?: object | undefined }>(
  options: T | undefined,
): T | undefined {
  for (const arg of Object.values(options?.args ?? {})) Object.assign(arg as object, { ignoreStdin: true });
  return options;
}

/** docker's exit status where its own words, not the container, were wrong. */
const DOCKER_USAGE_STATUS = 125;

/** Too few or too many. */
const isAboutArguments = (error: Error): boolean =>
  ['RequiredArgsError', 'UnexpectedArgsError'].includes(error.constructor.name);

function isUsageError(error: Error): boolean {
  return 'oclif' in error && !(error instanceof WherryError);
}

/** A complaint about the words of a docker command; `machine` commands pass docker-machine's status, 1. */
export function usage(message: string, hint?: string, exitCode = DOCKER_USAGE_STATUS): WherryError {
  return new WherryError({ code: 'USAGE', message, hint, exitCode });
}
