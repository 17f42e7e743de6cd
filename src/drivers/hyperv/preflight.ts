import type { Arch } from '../../core/arch.ts';
import { WherryError } from '../../core/errors.ts';
import type { PreflightFinding, PreflightFix } from '../driver.ts';
import type { HypervHost } from './host.ts';
import { DEFAULT_SWITCH, look, type HypervFacts } from './look.ts';
import { scriptArgv } from './powershell.ts';

const SUBJECT = 'Hyper-V';

const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'Linux', darwin: 'macOS' };

/** Is there a Hyper-V, and may this session use it? Looks only. */
export async function preflight(host: HypervHost, arch: Arch): Promise<readonly PreflightFinding[]> {
  if (host.platform !== 'win32') {
    const here = SYSTEMS[host.platform] ?? host.platform;
    return [problem(`Hyper-V is a part of Windows, and this computer runs ${here}: choose another driver`)];
  }
  if (arch !== 'amd64') return [problem(`machines on Hyper-V are amd64 only, not ${arch}`)];
  try {
    const facts = await look(host);
    const found = rights(host, facts);
    return found.level === 'error' ? [found] : [found, defaultSwitch(facts)];
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    return [problem(error.message)];
  }
}

/** In the order in which they would have to be mended; all that needs an administrator is one fix, asked for once. */
function rights(host: HypervHost, facts: HypervFacts): PreflightFinding {
  if (!facts.module) {
    return problem(
      'Hyper-V is not enabled (it comes with Windows Pro, Enterprise and Education, and with Windows Server)',
      prepareFix(host),
    );
  }
  if (!facts.service) {
    return problem('Hyper-V is enabled but its service (vmms) does not run: restart Windows');
  }
  if (facts.administrator || facts.member) {
    const as = facts.administrator ? 'as an administrator' : 'as one of "Hyper-V Administrators"';
    return { level: 'ok', subject: SUBJECT, message: `Hyper-V, used ${as}` };
  }
  if (facts.listed) {
    return problem(
      'this account is one of "Hyper-V Administrators" since after it logged on: log off and on again',
    );
  }
  return problem(
    'this account may not use Hyper-V: it is not one of "Hyper-V Administrators"',
    prepareFix(host),
  );
}

function defaultSwitch({ switches }: HypervFacts): PreflightFinding {
  const subject = 'Network';
  if (switches.some(({ id }) => id.toLowerCase() === DEFAULT_SWITCH))
    return { level: 'ok', subject, message: 'Default Switch' };
  return { level: 'note', subject, message: 'no Default Switch here: machines need --hyperv-switch NAME' };
}

/** scripts/prepare.ps1 names its steps, and has Windows ask for an administrator once for all of them. */
function prepareFix(host: HypervHost): PreflightFix {
  return { argv: scriptArgv(host, 'prepare'), needsRoot: false };
}

function problem(message: string, fix?: PreflightFix): PreflightFinding {
  return { level: 'error', subject: SUBJECT, message, fix };
}
