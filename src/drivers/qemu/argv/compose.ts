import type { MachineSpec } from '../../driver.ts';
import type { LocalEndpoint } from '../endpoint.ts';
import { optionValue } from './escape.ts';
import {
  channelArguments,
  consoleArguments,
  diskArguments,
  networkArguments,
  readyArguments,
  sundryArguments,
} from './devices.ts';
import { kernelArguments, kernelCommandLine } from './kernel.ts';
import { machineArguments, type Hardware } from './machine.ts';

export interface VmPlan {
  readonly binary: string;
  readonly hardware: Hardware;
  readonly sshPort: number;
  readonly ready: LocalEndpoint;
  /** Undefined for a VM without a monitor. */
  readonly qmp: LocalEndpoint | undefined;
}

/** QEMU's whole argv for a machine. */
export function vmArgv(spec: MachineSpec, plan: VmPlan): string[] {
  return [
    plan.binary,
    '-name',
    optionValue(`wherry-${spec.name}`),
    ...machineArguments(plan.hardware),
    ...kernelArguments(spec.image, kernelCommandLine(spec.image.commandLine, plan.hardware)),
    ...diskArguments({ system: spec.image.systemDisk, data: spec.dataDisk, config: spec.configDisk }),
    ...networkArguments(plan.sshPort),
    ...channelArguments(plan),
    ...consoleArguments(spec.consoleLog),
    ...sundryArguments(),
  ];
}

export interface ProbePlan {
  readonly binary: string;
  readonly hardware: Hardware;
  readonly ready: LocalEndpoint;
  readonly consoleLog: string;
}

/**
 * The argv of a VM that only reports back: same board, accelerator, processor and kernel, no disks and no network.
 * `ignore_loglevel` makes the kernel talk on the console at once, so that silence means that it doesn't run.
 */
export function probeArgv(
  image: { readonly kernel: string; readonly initrd: string; readonly commandLine: string },
  plan: ProbePlan,
): string[] {
  const words = `${kernelCommandLine(image.commandLine, plan.hardware)} ignore_loglevel wherry.probe`;
  return [
    plan.binary,
    '-name',
    'wherry-probe',
    ...machineArguments(plan.hardware),
    ...kernelArguments(image, words),
    ...readyArguments(plan.ready),
    ...consoleArguments(plan.consoleLog),
  ];
}
