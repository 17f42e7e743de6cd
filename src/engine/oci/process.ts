import type { SpecMutator } from './spec.ts';

/** Docker's PATH where neither image nor user set one (moby v28, oci/defaults.go). */
export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment as Docker builds it: PATH, HOSTNAME, TERM on a terminal; the container's own variables replace those
 * in place or follow; HOME last where nobody set it. An entry without `=` removes the variable.
 */
export function buildEnvironment(input: {
  readonly env: readonly string[];
  readonly hostname: string;
  readonly tty: boolean;
  readonly home: string;
}): string[] {
  const result = [DEFAULT_PATH, `HOSTNAME=${input.hostname}`, ...(input.tty ? ['TERM=xterm'] : [])];
  overrideEnvironment(result, input.env);
  if (!result.some((entry) => entry.startsWith('HOME='))) result.push(`HOME=${input.home}`);
  return result;
}

/** Applies `overrides` to `target` in place. */
export function overrideEnvironment(target: string[], overrides: readonly string[]): void {
  for (const entry of overrides) {
    const equals = entry.indexOf('=');
    const name = equals < 0 ? entry : entry.slice(0, equals);
    const at = target.findIndex((existing) => existing.startsWith(`${name}=`));
    if (equals < 0) {
      if (at >= 0) target.splice(at, 1);
    } else if (at >= 0) target[at] = entry;
    else target.push(entry);
  }
}

export interface ProcessOptions {
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Absolute; empty means `/`. */
  readonly cwd: string;
  readonly tty: boolean;
  /** Rows and columns that the terminal starts with; zeros: unknown. */
  readonly consoleSize: readonly [number, number];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj: number;
}

export const withProcess =
  (options: ProcessOptions): SpecMutator =>
  (spec) => {
    spec.process.args = options.args;
    spec.process.env = options.env;
    spec.process.cwd = options.cwd === '' ? '/' : options.cwd;
    spec.process.terminal = options.tty;
    spec.process.noNewPrivileges = options.noNewPrivileges;
    const [height, width] = options.consoleSize;
    if (options.tty && height > 0 && width > 0) spec.process.consoleSize = { height, width };
    if (options.oomScoreAdj !== 0) spec.process.oomScoreAdj = options.oomScoreAdj;
  };
