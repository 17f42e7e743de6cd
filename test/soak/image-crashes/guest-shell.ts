import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { repository } from '../../helpers/e2e-world.ts';

/** A shell in a machine's VM that stays: a script costs no process here and no handshake, and begins at once. */
export class GuestShell {
  readonly #child: ChildProcess;
  #said = '';
  #look: () => void = () => undefined;

  constructor(machine: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn(
      process.execPath,
      [join(repository, 'bin', 'run.js'), 'machine', 'ssh', machine, 'sh'],
      { env, stdio: ['pipe', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
        this.#look();
      });
    }
    this.#child.once('close', () => this.#look());
    this.#child.stdin?.on('error', () => 'the VM may be gone');
  }

  /** Runs a script after those before it. @returns what it prints @throws Error if it fails, or the shell ends */
  async run(script: string, withinMs = 120_000): Promise<string> {
    const mark = `end-of-${randomUUID()}`;
    const pattern = new RegExp(String.raw`^([\s\S]*?)${mark} (\d+)\n`);
    this.tell(`(${script}\n) 2>&1; echo ${mark} $?`);
    const ended = Promise.withResolvers<readonly [string, number]>();
    const timer = setTimeout(
      () => ended.reject(new Error(`in the VM, not within ${withinMs} ms: ${script}\n${this.#said}`)),
      withinMs,
    );
    this.#look = () => {
      const [whole = '', output = '', status] = pattern.exec(this.#said) ?? [];
      if (whole !== '') {
        this.#said = this.#said.slice(whole.length);
        ended.resolve([output, Number(status)]);
      } else if (this.#child.exitCode !== null) {
        ended.reject(new Error(`the VM's shell ended with ${this.#child.exitCode}: ${this.#said}`));
      }
    };
    this.#look();
    try {
      const [output, status] = await ended.promise;
      if (status === 0) return output;
      throw new Error(`in the VM, status ${status}: ${script}\n${output}`);
    } finally {
      clearTimeout(timer);
      this.#look = () => undefined;
    }
  }

  /** Has it run a line, and doesn't wait. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
