import { Flags } from '@oclif/core';
import { ARCHES, type Arch } from '../../core/arch.ts';
import { checkHome } from '../../machine/check-home.ts';
import { fixCommand } from '../../drivers/install-fix.ts';
import { DEFAULT_DRIVER, driverNames } from '../../drivers/registry.ts';
import type { PreflightFinding } from '../../drivers/driver.ts';
import { doctorCommand } from '../../machine/preflight.ts';
import { WherryCommand } from '../base-command.ts';
import { ExitStatus } from '../error-render.ts';
import { defaultArch } from '../images/default-arch.ts';
import { applyFix, errorsOf } from '../preflight/require-ready.ts';

const MARK = { ok: '✔', note: '!', error: '✖' } as const;

export default class Doctor extends WherryCommand {
  static override description = 'Look whether this computer can run machines, and say what would mend it';
  static override flags = {
    fix: Flags.boolean({ description: 'Install what is missing (asks first)', default: false }),
    yes: Flags.boolean({ char: 'y', description: "Don't ask", default: false }),
    driver: Flags.string({ char: 'd', description: 'The driver to look for', options: driverNames() }),
    arch: Flags.string({ description: "The guest's architecture", options: [...ARCHES] }),
    json: Flags.boolean({ description: 'Print the findings as JSON', default: false }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const host = await this.host();
    const arch = (flags.arch as Arch | undefined) ?? defaultArch();
    const driver = await host.driver(flags.driver);
    let findings = await driver.preflight(arch);
    if (flags.fix) {
      const rules = { yes: flags.yes, env: process.env, signal: this.signal };
      for (const { fix } of errorsOf(findings)) if (fix) await applyFix(fix, this.terminal, rules);
      findings = await driver.preflight(arch);
    }
    findings = [...findings, ...(await checkHome(host.machines))];
    this.print(
      ...(flags.json
        ? [JSON.stringify(findings, null, 2)]
        : findings.flatMap((finding) => lines(finding, flags.driver))),
    );
    if (errorsOf(findings).length > 0) throw new ExitStatus(1);
  }
}

function lines(
  { level, subject, message, fix }: PreflightFinding,
  driver: string = DEFAULT_DRIVER,
): string[] {
  const first = `${MARK[level]} ${subject}: ${message}`;
  return fix === undefined
    ? [first]
    : [
        first,
        `    Install it with:  ${fixCommand(fix, process.getuid?.())}`,
        `    Or let Wherry do it:  ${doctorCommand(driver)} --fix`,
      ];
}
