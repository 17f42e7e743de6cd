import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { messageOf, WherryError } from '../core/errors.ts';

export interface ExecOptions {
  readonly cwd?: string | undefined;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Written to the child's stdin, which is closed afterwards; without it stdin is empty. */
  readonly input?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** `inherit` gives the child this process's terminal; the captured texts are then empty. */
  readonly stdio?: 'capture' | 'inherit' | undefined;
}

export interface ExecResult {
  /** Undefined when a signal ended the child. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DetachedOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** A file that the child's stderr (and its stdout, unless that is piped) is appended to. Without it: discarded. */
  readonly outputFile?: string | undefined;
  /** Gives the caller the child's stdout, for a pushed ready line. The child must survive losing it. */
  readonly pipeStdout?: boolean | undefined;
}

export interface DetachedProcess {
  readonly pid: number;
  /** Resolves when the child ends while this process is still there to see it. */
  readonly exited: Promise<{ readonly exitCode: number | undefined; readonly signal: string | undefined }>;
  readonly stdout: Readable | undefined;
  /** Lets this process end while the child goes on, and closes the stdout pipe. */
  release(): void;
}

/** Child processes as a port: argv arrays only, no shell. */
export interface Exec {
  /** Runs to the end; never throws for an exit status. Errors: `EXEC_NOT_FOUND`, `EXEC_FAILED`, or the signal's reason. */
  run(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** As {@link Exec.run}, but a status other than 0 is a `COMMAND_FAILED` that quotes the last line of stderr. */
  check(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Starts a process in its own session that outlives this one. */
  spawnDetached(argv: readonly string[], options?: DetachedOptions): Promise<DetachedProcess>;
}

export const systemExec: Exec = { run, check, spawnDetached };

async function run(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const [file, ...rest] = argv;
  if (file === undefined) throw new WherryError({ code: 'EXEC_FAILED', message: 'no command was given' });
  options.signal?.throwIfAborted();
  const inherit = options.stdio === 'inherit';
  // Loaded with the first process: most commands start none, and execa takes as long to load as oclif.
  const { execa } = await import('execa');
  const result = await execa(file, rest, {
    reject: false,
    stripFinalNewline: false,
    ...(inherit ? { stdio: 'inherit' as const } : stdinOf(options.input)),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  if (result.isCanceled) options.signal?.throwIfAborted();
  if (result.exitCode === undefined && result.signal === undefined && !result.timedOut) {
    throw spawnError(file, result.code, result.cause ?? result);
  }
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    timedOut: result.timedOut,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? '',
  };
}

function stdinOf(
  input: string | Uint8Array | undefined,
): { input: string | Uint8Array } | { stdin: 'ignore' } {
  return input === undefined ? { stdin: 'ignore' } : { input };
}

async function check(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const result = await run(argv, options);
  if (result.exitCode === 0) return result;
  const how = result.timedOut
    ? 'took too long'
    : result.exitCode === undefined
      ? `was ended by ${result.signal}`
      : `failed with status ${result.exitCode}`;
  const lastLine = result.stderr.trimEnd().split('\n').at(-1) ?? '';
  throw new WherryError({
    code: 'COMMAND_FAILED',
    message: `${argv[0]} ${how}${lastLine === '' ? '' : `: ${lastLine}`}`,
    cause: result,
  });
}

async function spawnDetached(
  argv: readonly string[],
  options: DetachedOptions = {},
): Promise<DetachedProcess> {
  const [file, ...rest] = argv;
  if (file === undefined) throw new WherryError({ code: 'EXEC_FAILED', message: 'no command was given' });
  const output = options.outputFile === undefined ? 'ignore' : openSync(options.outputFile, 'a', 0o600);
  try {
    const child = spawn(file, rest, {
      detached: true,
      windowsHide: true,
      stdio: ['ignore', options.pipeStdout === true ? 'pipe' : output, output],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
    });
    const exited = new Promise<{ exitCode: number | undefined; signal: string | undefined }>((resolve) => {
      child.once('exit', (code, signal) =>
        resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }),
      );
    });
    await once(child, 'spawn').catch((error: unknown) => {
      throw spawnError(file, error instanceof Error && 'code' in error ? error.code : undefined, error);
    });
    if (child.pid === undefined) throw spawnError(file, undefined, undefined);
    const stdout = child.stdout ?? undefined;
    return {
      pid: child.pid,
      exited,
      stdout,
      release() {
        stdout?.destroy();
        child.unref();
      },
    };
  } finally {
    if (typeof output === 'number') closeSync(output);
  }
}

function spawnError(file: string, code: unknown, cause: unknown): WherryError {
  if (code === 'ENOENT') {
    return new WherryError({
      code: 'EXEC_NOT_FOUND',
      message: `${file} was not found (or its working directory)`,
      cause,
    });
  }
  return new WherryError({
    code: 'EXEC_FAILED',
    message: `${file} could not be started: ${messageOf(cause)}`,
    cause,
  });
}
