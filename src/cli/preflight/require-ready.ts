import type { Arch } from '../../core/arch.ts';
import type { Driver, PreflightFinding, PreflightFix } from '../../drivers/driver.ts';
import { installFix } from '../../drivers/install-fix.ts';
import { preflightError } from '../../machine/preflight.ts';
import { systemExec } from '../../platform/exec.ts';
import type { Terminal } from '../streams/terminal.ts';
import { askConsent, type ConsentRules } from './consent.ts';

/**
 * Looks whether a driver can work here; what is missing is installed if that is agreed to.
 * @returns what was found in the end, all of it usable
 * @throws WherryError PRECREATE_FAILED (exit 3, as docker-machine's pre-create check) naming the one command
 */
export async function requireReady(
  driver: Driver,
  arch: Arch,
  terminal: Terminal,
  rules: ConsentRules,
): Promise<readonly PreflightFinding[]> {
  let findings = await driver.preflight(arch);
  for (const { fix, message } of errorsOf(findings)) {
    if (fix === undefined) continue;
    terminal.stderr.write(`${message}\n`);
    await applyFix(fix, terminal, rules);
  }
  if (errorsOf(findings).length > 0) findings = await driver.preflight(arch);
  const [first] = errorsOf(findings);
  if (first !== undefined) throw preflightError(first, process.getuid?.(), driver.name);
  return findings;
}

/** @returns whether it was agreed to and has run */
export async function applyFix(fix: PreflightFix, terminal: Terminal, rules: ConsentRules): Promise<boolean> {
  return installFix(fix, {
    consent: (command) => askConsent(command, terminal, rules),
    exec: systemExec,
    uid: process.getuid?.(),
    signal: rules.signal,
    stdio: terminal.stderr.isTTY ? 'inherit' : 'capture',
  });
}

export function errorsOf(findings: readonly PreflightFinding[]): PreflightFinding[] {
  return findings.filter(({ level }) => level === 'error');
}
