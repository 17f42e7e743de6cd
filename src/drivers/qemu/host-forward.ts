import { WherryError } from '../../core/errors.ts';
import type { MachineSpec } from '../driver.ts';
import { NETDEV } from './argv/devices.ts';
import { withQmp } from './qmp/session.ts';
import { readVmFile } from './vm-file.ts';

/** One forward from an address of this computer to a port of the guest's. `hostAddress` is an IPv4 address. */
export interface HostForward {
  readonly proto: 'tcp' | 'udp';
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

const QMP_MS = 10_000;

/** Makes a running VM's forward. Error: `HOST_FORWARD_FAILED`, with QEMU's words (the port is taken, mostly). */
export async function addHostForward(spec: MachineSpec, forward: HostForward): Promise<void> {
  await monitor(spec, `hostfwd_add ${NETDEV} ${rule(forward)}-:${forward.guestPort}`, /^$/);
}

/** Takes a forward away; one that isn't there is an error of QEMU's. */
export async function removeHostForward(
  spec: MachineSpec,
  forward: Omit<HostForward, 'guestPort'>,
): Promise<void> {
  await monitor(spec, `hostfwd_remove ${NETDEV} ${rule(forward)}`, / removed$/);
}

function rule({ proto, hostAddress, hostPort }: Omit<HostForward, 'guestPort'>): string {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(hostAddress)) {
    // Without an address QEMU binds every interface.
    throw new WherryError({
      code: 'HOST_FORWARD_FAILED',
      message: `"${hostAddress}" is not an IPv4 address to forward from`,
    });
  }
  return `${proto}:${hostAddress}:${hostPort}`;
}

/** QMP has no forwards; the human monitor has, and answers in words: none or `… removed` is success. */
async function monitor(spec: MachineSpec, command: string, success: RegExp): Promise<void> {
  const vm = await readVmFile(spec);
  if (vm === undefined) {
    throw new WherryError({
      code: 'HOST_FORWARD_FAILED',
      message: `"${spec.name}" is not running: nothing to forward to`,
    });
  }
  const answer = await withQmp(vm.qmp, AbortSignal.timeout(QMP_MS), (qmp) =>
    qmp.execute('human-monitor-command', { 'command-line': command }),
  );
  const text = String(answer).trim();
  if (!success.test(text)) throw new WherryError({ code: 'HOST_FORWARD_FAILED', message: `QEMU: ${text}` });
}
