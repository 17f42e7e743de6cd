import { StringDecoder } from 'node:string_decoder';
import { Writable } from 'node:stream';
import { WherryError } from '../../core/errors.ts';

/** So many of the last lines that a failed script printed are shown. */
const LAST_LINES = 12;

/** What the second stage says: dpkg's status lines (dpkg(1), --status-fd) on stdout, everything else on stderr. */
export class StageOutput {
  readonly stdout: Writable = lineSink((line) => this.#status(line));
  readonly stderr: Writable = lineSink((line) => this.#said(line));
  readonly #lines: string[] = [];
  readonly #onConfigure: (name: string) => void;
  #current = '';
  #error: { readonly name: string; readonly reason: string } | undefined;

  /** @param onConfigure told of each package that is about to be configured */
  constructor(onConfigure: (name: string) => void) {
    this.#onConfigure = onConfigure;
  }

  /** What is to be said of a stage that ended with `status`. */
  failure(status: number): WherryError {
    const name = this.#error?.name ?? this.#current;
    const reason = this.#error?.reason ?? `its script ended with status ${status}`;
    return new WherryError({
      code: 'PACKAGE_SCRIPT_FAILED',
      message:
        name === ''
          ? `The packages' scripts could not be run: exit status ${status}`
          : `The package ${name} could not be installed: ${reason}`,
      hint: ['What was printed last:', ...this.#lines].join('\n'),
    });
  }

  #status(line: string): void {
    const processing = /^processing: (\w+): (\S+)/.exec(line);
    if (processing !== null) {
      this.#current = processing[2] ?? '';
      if (processing[1] === 'configure') this.#onConfigure(this.#current);
    }
    const failed = /^status: (\S+) : error : (.*)$/.exec(line);
    if (failed !== null) this.#error ??= { name: failed[1] ?? '', reason: failed[2] ?? '' };
  }

  #said(line: string): void {
    if (line.trim() === '') return;
    this.#lines.push(line);
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
  }
}

/** Hands on whole lines, and at the end what is left of one. */
function lineSink(onLine: (line: string) => void): Writable {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      pending += decoder.write(chunk);
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      lines.forEach(onLine);
      done();
    },
    final(done) {
      if (pending !== '') onLine(pending);
      done();
    },
  });
}
