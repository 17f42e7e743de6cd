import { Flags } from '@oclif/core';
import { parseSize } from '../../core/units.ts';
import { usage } from '../base-command.ts';
import { invalidArgument } from './invalid-argument.ts';
import type { FlagValues } from './flag-values.ts';

/** Flags of `run` and `create` about what a container shares with the VM and with others, with docker's help. */
export const isolationFlags = {
  domainname: Flags.string({ description: 'Container NIS domain name' }),
  pid: Flags.string({ description: 'PID namespace to use (host, container:NAME)' }),
  ipc: Flags.string({
    description: 'IPC mode to use (none, private, shareable, host, container:NAME)',
  }),
  uts: Flags.string({ description: 'UTS namespace to use (host)' }),
  cgroupns: Flags.string({ description: 'Cgroup namespace to use (host, private)' }),
  userns: Flags.string({ description: 'User namespace to use (host, auto: user ids of its own)' }),
  'shm-size': Flags.string({ description: 'Size of /dev/shm, e.g. 128m' }),
};

export type IsolationFlags = FlagValues<typeof isolationFlags>;

/** Their fields of a create request: only those that were given. @throws WherryError in docker's words */
export function isolationFields(flags: IsolationFlags): {
  readonly config: { readonly Domainname?: string };
  readonly host: Readonly<Record<string, string | number>>;
} {
  const { domainname, pid, ipc, uts, cgroupns, userns } = flags;
  refuseUnless(pid, /^(?:host|container:.+)?$/, '--pid: invalid PID mode');
  refuseUnless(uts, /^(?:host)?$/, '--uts: invalid UTS mode');
  refuseUnless(cgroupns, /^(?:host|private)?$/, '--cgroupns: invalid CGROUP mode');
  refuseUnless(userns, /^(?:host|auto)?$/, '--userns: invalid USER mode');
  const shmSize = bytes(flags['shm-size']);
  return {
    config: domainname === undefined ? {} : { Domainname: domainname },
    host: {
      ...(pid === undefined ? {} : { PidMode: pid }),
      ...(ipc === undefined ? {} : { IpcMode: ipc }),
      ...(uts === undefined ? {} : { UTSMode: uts }),
      ...(cgroupns === undefined ? {} : { CgroupnsMode: cgroupns }),
      ...(userns === undefined ? {} : { UsernsMode: userns }),
      ...(shmSize === undefined ? {} : { ShmSize: shmSize }),
    },
  };
}

function refuseUnless(value: string | undefined, shape: RegExp, message: string): void {
  if (value !== undefined && !shape.test(value)) throw usage(message);
}

function bytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size === undefined) throw invalidArgument(text, '--shm-size', `invalid size: '${text}'`);
  return size;
}
