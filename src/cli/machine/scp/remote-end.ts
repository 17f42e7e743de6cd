import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { posix } from 'node:path';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import type { MachineShell } from '../../../machine/ssh.ts';
import { exitStatusOf } from '../../../ssh/remote-process.ts';
import { copyError } from '../../copy/argument.ts';
import { splitEntry } from '../../copy/path-ends.ts';
import type { CopyDestination } from '../../copy/plan.ts';
import { pathWord } from './shell-word.ts';
import { unpackScript } from './unpack-script.ts';
import { sealed, type CopiedArchive } from './whole-archive.ts';

/** Runs a command in a machine, by its account's shell. */
export type OpenShell = (command: string) => Promise<MachineShell>;

/** A path of a machine's, at either end of a copy. The guest's own tar does the work: its SSH server has no SFTP. */
export class RemoteEnd {
  readonly #open: OpenShell;
  readonly #path: string;
  readonly #signal: AbortSignal;
  /** As the user wrote it. */
  readonly shown: string;

  constructor(open: OpenShell, machine: string, path: string, signal: AbortSignal) {
    this.#open = open;
    // SSH's commands begin at home; nothing else expands `~` in quotes.
    this.#path = path.replace(/^~(?:\/+|$)/, '') || '.';
    this.#signal = signal;
    this.shown = `${machine}:${path}`;
  }

  /** What is there, or what a link there leads to. @throws WherryError where there is nothing */
  async source(): Promise<CopiedArchive & { readonly path: string; pack(): AsyncIterable<Buffer> }> {
    const [path, word] = [this.#path, pathWord(this.#path)];
    const isLink = `if [ -L ${word} ]; then readlink -f ${word}; fi`;
    const said = await this.#run(
      `if [ -d ${word} ]; then echo d; elif [ -e ${word} ]; then echo f; ${isLink}; fi`,
    );
    if (said === '') throw copyError(`scp: ${this.shown}: No such file or directory`);
    if (said.startsWith('d')) {
      return { path, isDirectory: true, pack: () => this.#pack(path, '.') };
    }
    const { directory, base } = splitEntry(said.slice('f\n'.length).replace(/\n$/, '') || path, posix);
    return { path, isDirectory: false, pack: () => this.#pack(directory, base) };
  }

  async destination(): Promise<CopyDestination> {
    const word = pathWord(this.#path);
    const said = await this.#run(`if [ -d ${word} ]; then echo d; elif [ -e ${word} ]; then echo f; fi`);
    const kind = said.trim();
    return { path: this.#path, exists: kind !== '', isDirectory: kind === 'd' };
  }

  async *#pack(directory: string, base: string): AsyncGenerator<Buffer> {
    const shell = await this.#open(`tar -c -f - -C ${pathWord(directory)} -- ${pathWord(base)}`);
    const complaint = text(shell.process.stderr);
    try {
      yield* addAbortSignal(this.#signal, shell.process.stdout) as Readable & AsyncIterable<Buffer>;
      await this.#require(shell, complaint);
    } finally {
      shell.close();
    }
  }

  /** Unpacks an archive as `target`: merged with a directory that is there, or else whole before it has the name. */
  async unpack(source: CopiedArchive, target: string): Promise<void> {
    const seal = `.wherry-scp-${randomBytes(8).toString('hex')}`;
    const shell = await this.#open(unpackScript(target, source.isDirectory, seal));
    const complaint = text(shell.process.stderr);
    shell.process.stdout.resume();
    const cause: { error?: unknown } = {};
    try {
      // A tar that fails stops reading: what it says is worth more than the broken pipe.
      const sent = await pipeline(watched(sealed(source, seal), cause), shell.process.stdin, {
        signal: this.#signal,
      }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if ('error' in cause || this.#signal.aborted) {
        // Its shell still removes what it has begun.
        await shell.process.exited;
        this.#signal.throwIfAborted();
        throw cause.error;
      }
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

/** Keeps what an archive itself ended with: what it was piped to fails because of that, and with less to say. */
async function* watched(archive: AsyncIterable<Buffer>, cause: { error?: unknown }): AsyncGenerator<Buffer> {
  try {
    yield* archive;
  } catch (error) {
    cause.error = error;
    throw error;
  }
}
