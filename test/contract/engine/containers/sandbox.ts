import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { debianTools } from '../../../helpers/debian-tools.ts';

const run = promisify(execFile);
const ENGINE = fileURLToPath(new URL('engine-under-test.ts', import.meta.url));

/** Namespaces for an engine and its containers, which outlive the engine as they would in a VM. Linux, as root. */
export class Sandbox {
  readonly socketPath: string;
  /** The name of the cgroup below which the containers' are. */
  readonly cgroup: string;
  readonly #directory: string;
  readonly #holder: ChildProcess;
  readonly #init: string;
  readonly #tools: readonly string[];
  #engine: ChildProcess | undefined;
  #enginePid = '';

  private constructor(directory: string, holder: ChildProcess, init: string, tools: readonly string[]) {
    this.socketPath = join(directory, 's');
    this.cgroup = basename(directory);
    this.#directory = directory;
    this.#holder = holder;
    this.#init = init;
    this.#tools = tools;
  }

  static async open(): Promise<Sandbox> {
    const { binDir, root } = await debianTools(['conmon', 'crun', 'busybox-static', 'tini']);
    const directory = await mkdtemp(join(tmpdir(), 'wherry-c-'));
    // Containers with user ids of their own get to their files by path, as in /run/wherry.
    await chmod(directory, 0o711);
    const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--propagation', 'private'];
    // The first process of the pid namespace says that it is there and then reaps orphans, as a shell that waits does:
    // a container ends only when every process of its namespace has been reaped.
    const wait = 'mount -t cgroup2 none /sys/fs/cgroup && echo up && while :; do sleep 5; done';
    const holder = spawn(
      'unshare',
      [...namespaces, '--fork', '--mount-proc', '--kill-child', 'sh', '-c', wait],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(createInterface({ input: holder.stdout }), 'line');
    const children = await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8');
    const tools = [
      join(root, 'usr/bin/busybox'),
      join(binDir, 'conmon'),
      join(binDir, 'crun'),
      join(root, 'usr/bin/tini-static'),
    ];
    return new Sandbox(directory, holder, children.trim(), tools);
  }

  /** @param userns what its configuration says of containers that don't say anything */
  async startEngine(userns: 'host' | 'auto' = 'host'): Promise<void> {
    const paths = [this.socketPath, join(this.#directory, 'data'), join(this.#directory, 'run')];
    const engine = spawn(
      'nsenter',
      [...this.#enter(), process.execPath, ENGINE, ...paths, ...this.#tools, this.cgroup, userns],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#engine = engine;
    const [line] = (await once(createInterface({ input: engine.stdout }), 'line')) as [string];
    this.#enginePid = line.split(' ')[1] ?? '';
  }

  /** SIGKILL, in the middle of whatever it does. */
  async killEngine(): Promise<void> {
    if (this.#engine === undefined) throw new Error('no engine runs');
    const gone = once(this.#engine, 'exit');
    await this.run('kill', '-9', this.#enginePid);
    await gone;
    this.#engine = undefined;
  }

  /** The engine's resident memory, MiB (proc_pid_status(5), VmRSS). */
  async engineMemory(): Promise<number> {
    const status = await this.run('cat', `/proc/${this.#enginePid}/status`);
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }

  /** Where the engine is, for `HELD_SCRIPT`: its command line, its cgroup, its directories. */
  get places(): string[] {
    const [data, run] = [join(this.#directory, 'data'), join(this.#directory, 'run')];
    return ['engine-under-test', `/sys/fs/cgroup/${this.cgroup}`, data, run];
  }

  /** Runs a program in the sandbox, beside the containers. */
  async run(file: string, ...args: string[]): Promise<string> {
    return (await run('nsenter', [...this.#enter(), file, ...args])).stdout;
  }

  async close(): Promise<void> {
    const children = this.#engine === undefined ? [this.#holder] : [this.#holder, this.#engine];
    const gone = children.map(async (child) => {
      await once(child, 'close');
    });
    this.#holder.kill('SIGKILL');
    await Promise.all(gone);
    // Control groups aren't namespaced away: those of containers that were still there go by hand.
    // Their processes have been killed, which is not yet to be gone.
    const clear =
      'mount -t cgroup2 none /sys/fs/cgroup && cd /sys/fs/cgroup && for try in $(seq 600); do ' +
      'find "$0" -depth -type d -exec rmdir {} + 2>/dev/null; [ -d "$0" ] || exit 0; sleep 0.05; done; exit 1';
    await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', clear, this.cgroup]);
    await rm(this.#directory, { recursive: true, force: true });
  }

  #enter(): string[] {
    return ['--target', this.#init, '--mount', '--net', '--pid', '--uts', '--ipc', '--'];
  }
}
