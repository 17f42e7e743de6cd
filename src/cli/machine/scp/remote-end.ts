import { constants } from 'node:os';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import type { MachineShell } from '../../../machine/ssh.ts';
import { exitStatusOf } from '../../../ssh/remote-process.ts';
import { copyError } from '../../copy/argument.ts';
import { splitEntry } from '../../copy/path-ends.ts';
import type { CopyDestination } from '../../copy/plan.ts';

/** Runs a command in a machine, by its account's shell. */
export type OpenShell = (command: string) => Promise<MachineShell>;

/** A path of a machine's, at either end of a copy. The guest's own tar does the work: its SSH server has no SFTP. */
export class RemoteEnd {
  readonly #open: OpenShell;
  readonly #path: string;
  /** As the user wrote it. */
  readonly shown: string;

  constructor(open: OpenShell, machine: string, path: string) {
    this.#open = open;
    // SSH's commands begin at home; nothing else expands `~` in quotes.
    this.#path = path.replace(/^~(?:\/+|$)/, '') || '.';
    this.shown = `${machine}:${path}`;
  }

  /** What is there. @throws WherryError where there is nothing */
  async source(): Promise<{ readonly path: string; readonly isDirectory: boolean }> {
    const { exists, isDirectory } = await this.destination();
    if (!exists) throw copyError(`scp: ${this.shown}: No such file or directory`);
    return { path: this.#path, isDirectory };
  }

  async destination(): Promise<CopyDestination> {
    const path = shellWord(this.#path);
    const said = await this.#run(`if [ -d ${path} ]; then echo d; elif [ -e ${path} ]; then echo f; fi`);
    const kind = said.trim();
    return { path: this.#path, exists: kind !== '', isDirectory: kind === 'd' };
  }

  /** A tar archive whose members are named below the path's base name. */
  async *pack(): AsyncGenerator<Buffer> {
    const { directory, base } = splitEntry(this.#path, posix);
    const shell = await this.#open(`tar -c -f - -C ${shellWord(directory)} -- ${shellWord(base)}`);
    const complaint = text(shell.process.stderr);
    try {
      yield* shell.process.stdout as Readable & AsyncIterable<Buffer>;
      await this.#require(shell, complaint);
    } finally {
      shell.close();
    }
  }

  /**
   * Unpacks an archive whose members are named below `from` in `directory`, as `to`. What gets another name is whole before
   * it has it.
   */
  async unpack(archive: AsyncIterable<Buffer>, directory: string, from: string, to: string): Promise<void> {
    const place = shellWord(directory);
    const target = shellWord(posix.join(directory, to));
    const extract = 'tar -x -o -f - -C';
    const passing = shellWord(posix.join(directory, '.wherry-scp.XXXXXX'));
    const renamed = `T=$(mktemp -d ${passing}) && { ${extract} "$T" && mv -f "$T"/${shellWord(from)} ${target}; S=$?; rm -rf "$T"; exit $S; }`;
    const inside = `mkdir -p ${target} && ${extract} ${target}`;
    const command = from === to ? `${extract} ${place}` : from === '.' ? inside : renamed;
    const shell = await this.#open(command);
    const complaint = text(shell.process.stderr);
    shell.process.stdout.resume();
    try {
      // A tar that fails stops reading: what it says is worth more than the broken pipe.
      const sent = await pipeline(archive, shell.process.stdin).then(
        () => undefined,
        (error: unknown) => error,
      );
      await this.#require(shell, complaint);
      if (sent !== undefined) throw sent;
    } finally {
      shell.close();
    }
  }

  async #run(command: string): Promise<string> {
    const shell = await this.#open(command);
    const complaint = text(shell.process.stderr);
    try {
      const said = await text(shell.process.stdout);
      await this.#require(shell, complaint);
      return said;
    } finally {
      shell.close();
    }
  }

  async #require(shell: MachineShell, complaint: Promise<string>): Promise<void> {
    const [exit, said] = await Promise.all([shell.process.exited, complaint]);
    const status = exitStatusOf(exit, constants.signals);
    if (status === 0) return;
    const why = exit.kind === 'lost' ? 'the connection was lost' : `status ${status}`;
    throw copyError(`scp: ${this.shown}: ${said.trim().split('\n')[0] || why}`);
  }
}

/** One word for a POSIX shell, whatever is in it. */
export const shellWord = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
