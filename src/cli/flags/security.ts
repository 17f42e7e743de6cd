import { readFileSync } from 'node:fs';
import { Flags } from '@oclif/core';
import { usage } from '../base-command.ts';
import { parseDevice } from './device.ts';
import { parseGpus } from './gpus.ts';
import { invalidArgument } from './invalid-argument.ts';
import { repeated } from './repeated.ts';
import type { FlagValues } from './flag-values.ts';

/** Flags of `run` and `create` about what a container may do, with docker's help. */
export const securityFlags = {
  privileged: Flags.boolean({ description: 'Give extended privileges to this container', default: false }),
  'cap-add': Flags.string({ description: 'Add Linux capabilities', ...repeated }),
  'cap-drop': Flags.string({ description: 'Drop Linux capabilities', ...repeated }),
  'security-opt': Flags.string({ description: 'Security Options', ...repeated }),
  'group-add': Flags.string({ description: 'Add additional groups to join', ...repeated }),
  device: Flags.string({ description: "Add a device of the machine's to the container", ...repeated }),
  'device-cgroup-rule': Flags.string({
    description: 'Add a rule to the cgroup allowed devices list',
    ...repeated,
  }),
  gpus: Flags.string({ description: "GPU devices to add to the container ('all' to pass all GPUs)" }),
};

export type SecurityFlags = FlagValues<typeof securityFlags>;

/**
 * Their fields of a create request: only those that were given. A seccomp profile's file is read here, and its content
 * is sent; `systempaths=unconfined` becomes empty lists of paths, as docker's client has it.
 *
 * @throws WherryError in docker's words
 */
export function securityFields(flags: SecurityFlags): Readonly<Record<string, unknown>> {
  const options = (flags['security-opt'] ?? []).map(securityOption);
  const kept = options.filter((option) => option !== OPEN_PATHS);
  const devices = (flags.device ?? []).map(parseDevice);
  const rules = (flags['device-cgroup-rule'] ?? []).map(deviceRule);
  return {
    ...(flags.privileged === true ? { Privileged: true } : {}),
    ...list('CapAdd', flags['cap-add']),
    ...list('CapDrop', flags['cap-drop']),
    ...list('GroupAdd', flags['group-add']),
    ...list('SecurityOpt', kept),
    ...(kept.length < options.length ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
    ...list('Devices', devices),
    ...list('DeviceCgroupRules', rules),
    ...(flags.gpus === undefined ? {} : { DeviceRequests: [parseGpus(flags.gpus)] }),
  };
}

const OPEN_PATHS = 'systempaths=unconfined';

const list = (field: string, values: readonly unknown[] | undefined): Record<string, readonly unknown[]> =>
  values === undefined || values.length === 0 ? {} : { [field]: values };

/** docker/cli v28, cli/command/container/opts.go parseSecurityOpts. */
function securityOption(option: string): string {
  const [, key = option, value = ''] = /^([^=:]*)[=:]([^]*)$/.exec(option) ?? [];
  if (value === '' && key !== 'no-new-privileges') {
    throw usage(`Invalid --security-opt: ${JSON.stringify(option)}`);
  }
  if (key !== 'seccomp' || ['unconfined', 'builtin'].includes(value)) return option;
  return `seccomp=${compactJson(value, readProfile(value))}`;
}

function readProfile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(`opening seccomp profile (${path}) failed: ${reasonOf(error)}`);
  }
}

function compactJson(path: string, text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw usage(`compacting json for seccomp profile (${path}) failed: ${reasonOf(error)}`);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function deviceRule(text: string): string {
  if (/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(text)) return text;
  throw invalidArgument(text, '--device-cgroup-rule', `invalid device cgroup format '${text}'`);
}
