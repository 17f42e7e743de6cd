import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** The engine's only way to start a program. Always an argument vector, never a shell. */

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /**
   * What the child's fds 0, 1, 2, … are: a number is an fd of this process, handed over as it is; `pipe` makes one
   * that shows up in `child.stdio`. Default: `['ignore', 'pipe', 'pipe']`.
   */
  readonly stdio?: readonly ('ignore' | 'pipe' | 'inherit' | number)[] | undefined;
  /** A session of its own: signals to the engine's process group don't reach it. */
  readonly detached?: boolean | undefined;
  /** Kills the child (SIGKILL) when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Starts a program. A program that can't be started is told by the child's `error` event. */
export function spawnProcess(
  file: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return spawn(file, [...args], {
    env: options.env ?? process.env,
    cwd: options.cwd,
    stdio: [...(options.stdio ?? (['ignore', 'pipe', 'pipe'] as const))],
    detached: options.detached ?? false,
    ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' as const }),
  });
}

export interface CommandResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that couldn't be started, was ended by a signal, or exited with another status than 0. */
export class CommandError extends Error {
  readonly result: CommandResult | undefined;

  constructor(message: string, result?: CommandResult, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.result = result;
  }
}

/** Output kept per stream; what goes beyond is read and dropped, so the child never blocks. */
const OUTPUT_LIMIT = 1024 * 1024;

export interface RunOptions extends Omit<SpawnOptions, 'stdio'> {
  readonly input?: string | Uint8Array | undefined;
}

/**
 * Runs a program to its end and gives its output, whatever its exit status.
 *
 * @throws CommandError when it can't be started; the signal's reason when aborted
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const child = spawnProcess(file, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return await new Promise<CommandResult>((resolve, reject) => {
    child.once('error', (error) => {
      if (options.signal?.aborted === true) reject(options.signal.reason as Error);
      else reject(new CommandError(`${file}: ${error.message}`, undefined, error));
    });
    child.once('close', (exitCode, signal) =>
      resolve({ exitCode, signal, stdout: stdout(), stderr: stderr() }),
    );
    // A child that exits without reading its stdin closes the pipe: its exit status tells what that meant.
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(new CommandError(`${file}: ${error.message}`, undefined, error));
    });
    child.stdin?.end(options.input);
  });
}

/** Reads a stream to its end and keeps the first {@link OUTPUT_LIMIT} bytes. */
function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - size));
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** {@link runCommand}, and any exit status but 0 is an error that carries stderr's text. @throws CommandError */
export async function mustRun(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const result = await runCommand(file, args, options);
  if (result.exitCode !== 0) {
    const why = result.exitCode === null ? `ended by ${result.signal}` : `exit status ${result.exitCode}`;
    throw new CommandError(`${file} ${args.join(' ')}: ${why}: ${result.stderr.trim()}`, result);
  }
  return result;
}
