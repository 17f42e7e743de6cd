import { join } from 'node:path';
import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import { systemProgram, WINDOWS_POWERSHELL } from '../../platform/windows-programs.ts';
import type { HypervHost } from './host.ts';

/** The scripts in ./scripts, by their names without `.ps1`. */
export type ScriptName = 'look' | 'state' | 'start' | 'stop' | 'remove';

const answer = z.union([
  z.object({ ok: z.unknown() }),
  z.object({ error: z.object({ id: z.string(), category: z.string(), message: z.string() }) }),
]);

/** PowerShell's ErrorCategory of what Hyper-V refuses to whoever isn't its administrator. */
const DENIED = 'PermissionDenied';
/** Its FullyQualifiedErrorId where Hyper-V's module isn't there. */
const MISSING = 'CommandNotFoundException';

/**
 * Windows PowerShell, which the Hyper-V module is made for; by its whole path ({@link systemProgram}).
 */
export function powershellPath(host: Pick<HypervHost, 'env'>): string {
  return host.env['WHERRY_POWERSHELL'] ?? systemProgram(WINDOWS_POWERSHELL, host.env);
}

/** The argv that runs a script of ours: no profile, no questions, whatever the computer's policy for scripts is. */
export function scriptArgv(host: Pick<HypervHost, 'env' | 'scripts'>, name: string): string[] {
  const file = join(host.scripts, `${name}.ps1`);
  return [powershellPath(host), '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', file];
}

/**
 * Runs a script with a request on its stdin and reads its answer. Errors: `HYPERV_DENIED`, `HYPERV_MISSING`, `HYPERV_FAILED`,
 * `POWERSHELL_MISSING`, or the signal's reason.
 */
export async function runScript<T>(
  host: HypervHost,
  name: ScriptName,
  request: Readonly<Record<string, unknown>>,
  shape: z.ZodType<T>,
  options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined } = {},
): Promise<T> {
  const { exitCode, stdout, stderr, timedOut } = await run(host, name, request, options);
  if (timedOut) throw failed(name, 'it took too long');
  const parsed = parse(stdout);
  if (parsed === undefined) {
    const last = stderr.trim().split(/\r?\n/).at(-1) ?? '';
    throw failed(name, last === '' ? `no answer (exit status ${exitCode ?? 'unknown'})` : last);
  }
  if ('ok' in parsed) return shape.parse(parsed.ok);
  const { error } = parsed;
  if (error.category === DENIED) {
    throw new WherryError({
      code: 'HYPERV_DENIED',
      message: `Hyper-V refuses it to this account: ${error.message.trim()}`,
      hint: 'See:  wherry doctor --driver hyperv',
    });
  }
  if (error.id === MISSING) {
    throw new WherryError({
      code: 'HYPERV_MISSING',
      message: `Hyper-V is not enabled: ${error.message.trim()}`,
      hint: 'See:  wherry doctor --driver hyperv',
    });
  }
  throw failed(name, error.message.trim());
}

async function run(
  host: HypervHost,
  name: ScriptName,
  request: Readonly<Record<string, unknown>>,
  options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined },
): ReturnType<HypervHost['exec']['run']> {
  try {
    return await host.exec.run(scriptArgv(host, name), { input: JSON.stringify(request), ...options });
  } catch (error) {
    if (!(error instanceof WherryError) || error.code !== 'EXEC_NOT_FOUND') throw error;
    throw new WherryError({
      code: 'POWERSHELL_MISSING',
      message: `Windows PowerShell is not there: ${powershellPath(host)}`,
      cause: error,
    });
  }
}

function parse(stdout: string): z.infer<typeof answer> | undefined {
  try {
    const parsed = answer.safeParse(JSON.parse(stdout));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function failed(name: ScriptName, why: string): WherryError {
  return new WherryError({ code: 'HYPERV_FAILED', message: `Hyper-V (${name}): ${why}` });
}
