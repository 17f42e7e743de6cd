import { PassThrough, Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { Config } from '@oclif/core';
import { main } from '../../../src/cli/main.ts';

/** What a command line printed, and its exit status. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InProcess {
  /** The whole environment that the command sees. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | undefined;
}

const root = new URL('../../../', import.meta.url);

/**
 * Runs `wherry WORDS` in this process, the way bin/dev.js does, with streams and an environment of its own: a hundredth
 * of what a process costs. One at a time: what it borrows of `process` is put back at the end.
 */
export async function runInProcess(words: readonly string[], options: InProcess): Promise<Ended> {
  readManifestOnce();
  const stdout = captured();
  const stderr = captured();
  const giveBack = [
    borrow('env', { ...options.env }),
    borrow('stdin', Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)])),
    borrow('stdout', stdout.stream),
    borrow('stderr', stderr.stream),
    // oclif prints help by console.log, which has kept the process's own stream.
    borrowLog(stdout.stream),
  ];
  const listening = signalListeners();
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await main(words, root);
    return { status: statusNow(), stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    process.exitCode = before;
    for (const undo of giveBack) undo();
    for (const [signal, listeners] of signalListeners()) {
      const had = new Set(listening.get(signal));
      for (const listener of listeners) if (!had.has(listener)) process.off(signal, listener);
    }
  }
}

const statusNow = (): number => Number(process.exitCode ?? 0);

let manifest: Promise<Config> | undefined;

/** The manifest doesn't change between two command lines, and takes longer to read than most of them to run. */
function readManifestOnce(): void {
  if (manifest !== undefined) return;
  const load = Config.load.bind(Config);
  manifest = load({ root: fileURLToPath(root) });
  Config.load = () => manifest as Promise<Config>;
}

function borrow(key: 'env' | 'stdin' | 'stdout' | 'stderr', value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(process, key);
  if (own === undefined) throw new Error(`process has no ${key} of its own`);
  Object.defineProperty(process, key, { value, configurable: true, writable: true, enumerable: true });
  return () => Object.defineProperty(process, key, own);
}

function borrowLog(stdout: Writable): () => void {
  const own = console.log;
  console.log = (...words: unknown[]) => stdout.write(`${format(...words)}\n`);
  return () => {
    console.log = own;
  };
}

function captured(): { readonly stream: Writable; text(): string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    stream,
    // What is written in the same tick as a command ends hasn't been seen as data yet.
    text: () => {
      const rest = stream.read() as Buffer | null;
      return Buffer.concat(rest === null ? chunks : [...chunks, rest]).toString('utf8');
    },
  };
}

function signalListeners(): Map<NodeJS.Signals, NodeJS.SignalsListener[]> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  return new Map(signals.map((signal) => [signal, process.listeners(signal) as NodeJS.SignalsListener[]]));
}
